using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// Attempts that have no outcome by their deadline. One whose outcome history knows was settled before the due index lost something, or is
/// told once more; one that may be in the queue still is waited for; any other is dispatched again (while history is away: after a while), under a new message id and with the same idempotency key.
/// While the settler is behind, one whose outcome may wait for it is waited for, too: a system that is asked for more than it can do must not ask itself for more.
/// </summary>
public sealed partial class LostFlights(IDueIndex index, Dispatcher dispatcher, IExecutionQueue queue, IOutcomeStream outcomes, IHistory history, TimeProvider time, ILogger<LostFlights> logger)
{
    private const int BatchSize = 500;

    /// <summary>The queue's clock is not this node's.</summary>
    private static readonly TimeSpan ClockMargin = TimeSpan.FromSeconds(5);

    /// <summary>So long after its deadline an attempt is made again without a word of history. Until then history is asked at each look: what is only slow must not make it run twice.</summary>
    private static readonly TimeSpan WithoutHistory = TimeSpan.FromSeconds(30);

    private static readonly ILookup<string, HistoryRow> NothingRecorded = Enumerable.Empty<HistoryRow>().ToLookup(_ => "");

    /// <summary>The settler is behind when an outcome was published so long ago and not given to it yet.</summary>
    private static readonly TimeSpan SettlerLag = TimeSpan.FromSeconds(5);

    /// <summary>For so long nobody looks again after the settler was seen to be behind: flights are many then.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    /// <summary>From so many executions on that nobody has taken, what may be in the queue is not asked of history first: that has enough to write.</summary>
    private const int Many = 1_000;

    private readonly AttemptQuestions _questions = new(history, time);
    private readonly Breaker _settler = new(Rest, time);
    private readonly UnderWay _underWay = new(queue, outcomes, time);

    public async Task RunOnceAsync(int partition, CancellationToken cancellation)
    {
        if (_settler.IsOpen)
            return;
        var now = time.GetUtcNow();
        var lapsed = await index.ReadFlightsAsync(partition, now, BatchSize, cancellation);
        if (lapsed.Count == 0)
            return;
        var seen = await _underWay.ReadAsync(partition, cancellation);
        var isBehind = seen.Unsettled < now - SettlerLag;
        if (isBehind)
            _settler.Open();
        var lost = lapsed.Select(Read).OfType<Lost>().ToList();
        await EndUnreadableAsync(partition, lapsed.ExceptBy(lost.Select(l => l.Flight.Id), flight => flight.Id).ToList(), now, cancellation);
        if (seen.Queue.Waiting >= Many)
            lost = await WithoutAsync(partition, lost, IsQueued, now, cancellation);
        if (isBehind)
            lost = await WithoutAsync(partition, lost, l => seen.Unsettled <= _underWay.LeftQueueBy(l.DispatchedAt + ClockMargin) + ClockMargin, now, cancellation);
        if (lost.Count == 0)
            return;
        var recorded = await FindAsync(lost, cancellation);
        if (recorded is null)
            (lost, recorded) = (lost.FindAll(l => l.Flight.Deadline + WithoutHistory <= now), NothingRecorded);
        var over = lost.Where(l => recorded[l.Execution.EntryKey].Any(row => row.Attempt > l.Execution.Attempt)).ToList();
        var known = lost.Except(over).Where(l => recorded[l.Execution.EntryKey].Any(row => row.Attempt == l.Execution.Attempt))
            .ToDictionary(l => l, l => recorded[l.Execution.EntryKey].First(row => row.Attempt == l.Execution.Attempt).ToOutcome(l.Execution));
        await EndAsync(partition, over, recorded, now, cancellation);
        await TellAgainAsync(partition, [.. known.Keys], known, now, cancellation);
        await DispatchAgainAsync(partition, await WithoutAsync(partition, [.. lost.Except(over).Except(known.Keys)], IsQueued, now, cancellation), now, cancellation);

        // What was queued no earlier than the oldest message that is not acknowledged may be in the queue still, be it that workers are slow or that there are none. A second message would not be any sooner, and be run twice.
        bool IsQueued(Lost one) => one.QueuedAt >= seen.Queue.Oldest - ClockMargin;
    }

    /// <summary>Those that are not waited for; the others have more time.</summary>
    private async Task<List<Lost>> WithoutAsync(int partition, List<Lost> lost, Func<Lost, bool> isWaitedFor, DateTimeOffset now, CancellationToken cancellation)
    {
        var byWaiting = lost.ToLookup(isWaitedFor);
        await ExtendAsync(partition, byWaiting[true].Select(l => new Extension(l.Flight, l.Flight with { Deadline = now + DuePlan.Grace })), cancellation);
        return [.. byWaiting[false]];
    }

    private async Task<IReadOnlyList<bool>> ExtendAsync(int partition, IEnumerable<Extension> extensions, CancellationToken cancellation) =>
        extensions.ToList() is { Count: > 0 } some ? await index.ExtendFlightsAsync(partition, some, cancellation) : [];

    /// <summary>One flight that cannot be read must not keep the others.</summary>
    private Lost? Read(Flight flight)
    {
        try
        {
            return new Lost(flight, Execution.FromJson(flight.Payload.Span));
        }
        catch (JsonException unreadable)
        {
            LogUnreadable(flight.Id, unreadable.Message);
            return null;
        }
    }

    private Task EndUnreadableAsync(int partition, List<Flight> unreadable, DateTimeOffset now, CancellationToken cancellation) =>
        unreadable.Count == 0 ? Task.CompletedTask : index.LandAsync(partition, unreadable.ConvertAll(flight => new Landing(flight.Id, null)), now, cancellation);

    private async Task DispatchAgainAsync(int partition, List<Lost> lost, DateTimeOffset now, CancellationToken cancellation)
    {
        var again = lost.ConvertAll(l => dispatcher.Stamped(l.Execution with { Redispatch = l.Execution.Redispatch + 1 }));
        var published = await dispatcher.PublishAsync(partition, again, cancellation);
        var queued = lost.Zip(published).Where(l => l.Second.IsQueued).ToList();
        var extended = await ExtendAsync(partition, queued.Select(l => new Extension(l.First.Flight, l.Second.FlightAt(now))), cancellation);
        foreach (var (execution, _) in queued.Select(l => l.Second.Execution).Zip(extended).Where(l => l.Second))
        {
            DispatchMetrics.DispatchedAgain();
            LogRedispatched(execution.AttemptId, execution.Redispatch);
        }
    }

    /// <summary>A later attempt has an outcome: this one was settled, and an older copy of the index does not know. Told again it would bring back what is over.</summary>
    private async Task EndAsync(int partition, List<Lost> over, ILookup<string, HistoryRow> recorded, DateTimeOffset now, CancellationToken cancellation)
    {
        if (over.Count == 0)
            return;
        await index.LandAsync(partition, over.ConvertAll(l => LandingOf(l, recorded[l.Execution.EntryKey].MaxBy(row => row.Attempt)!)), now, cancellation);
        over.ForEach(l => LogOver(l.Flight.Id));
    }

    private static Landing LandingOf(Lost lost, HistoryRow last) => new(lost.Flight.Id, null) { Frees = last.Status == ExecutionStatus.Retrying ? null : lost.Execution.OwnSlot };

    /// <summary>The settler does what it has to, and it does not matter whether it did before. The message id is new: the stream would drop the old one.</summary>
    private async Task TellAgainAsync(int partition, List<Lost> lost, Dictionary<Lost, Outcome> known, DateTimeOffset now, CancellationToken cancellation)
    {
        if (lost.Count == 0)
            return;
        var told = await outcomes.PublishAsync(
            lost.ConvertAll(l => new StreamMessage($"{known[l].MessageId}!{l.Flight.Deadline.ToUnixTimeMilliseconds()}", partition, known[l].ToJson())),
            cancellation);
        var flights = lost.Zip(told).Where(l => l.Second).Select(l => l.First.Flight).ToList();
        var extended = await ExtendAsync(partition, flights.Select(flight => new Extension(flight, flight with { Deadline = now + DuePlan.Grace })), cancellation);
        foreach (var (flight, _) in flights.Zip(extended).Where(f => f.Second))
        {
            DispatchMetrics.ToldAgain();
            LogToldAgain(flight.Id);
        }
    }

    /// <summary>By the executions' entry keys; null while history is away.</summary>
    private async Task<ILookup<string, HistoryRow>?> FindAsync(List<Lost> lost, CancellationToken cancellation)
    {
        if (_questions.IsAway)
            return null;
        try
        {
            return await _questions.AskAsync(lost.ConvertAll(l => l.Execution), cancellation);
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            LogHistoryAway(lost.Count, away.GetType().Name, away.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 1106, Level = LogLevel.Warning, Message = "No outcome of {Attempt} by its deadline; dispatched again ({Times})")]
    private partial void LogRedispatched(string attempt, int times);

    [LoggerMessage(EventId = 1107, Level = LogLevel.Information, Message = "The outcome of {Attempt} was not settled by its deadline; told again")]
    private partial void LogToldAgain(string attempt);

    [LoggerMessage(EventId = 1108, Level = LogLevel.Information, Message = "{Attempt} is in flight, and a later attempt has an outcome: its flight ends")]
    private partial void LogOver(string attempt);

    [LoggerMessage(EventId = 1109, Level = LogLevel.Warning, Message = "Whether {Count} attempts have outcomes is not known: {Kind}: {Reason}")]
    private partial void LogHistoryAway(int count, string kind, string reason);

    [LoggerMessage(EventId = 1110, Level = LogLevel.Error, Message = "Flight {Attempt} cannot be read and is taken out: {Reason}")]
    private partial void LogUnreadable(string attempt, string reason);

    private sealed record Lost(Flight Flight, Execution Execution)
    {
        /// <summary>It was queued no later than this, or was in the queue when it was given more time.</summary>
        public DateTimeOffset QueuedAt => Flight.Deadline - Execution.Target.Timeout - DuePlan.Grace;

        /// <summary>However often it was given more time since.</summary>
        public DateTimeOffset DispatchedAt => Execution.DispatchedAt ?? QueuedAt;
    }
}
