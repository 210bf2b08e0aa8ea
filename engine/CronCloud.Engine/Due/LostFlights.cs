using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// Attempts that have no outcome by their deadline. One whose outcome history knows was settled before the due index lost something, or is
/// told once more; any other is dispatched again, under a new message id and with the same idempotency key.
/// </summary>
public sealed partial class LostFlights(IDueIndex index, Dispatcher dispatcher, IOutcomeStream outcomes, IHistory history, TimeProvider time, ILogger<LostFlights> logger)
{
    private const int BatchSize = 500;

    public async Task RunOnceAsync(int partition, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        foreach (var lost in await index.ReadFlightsAsync(partition, now, BatchSize, cancellation))
        {
            var execution = Execution.FromJson(lost.Payload.Span);
            var recorded = await FindAsync(execution, cancellation);
            if (recorded?.Last is { } last && last.Attempt > execution.Attempt)
                await EndAsync(partition, lost, execution, last, now, cancellation);
            else if (recorded?.Attempts.FirstOrDefault(row => row.Attempt == execution.Attempt) is { } known)
                await TellAgainAsync(partition, lost, known.ToOutcome(execution), now, cancellation);
            else
                await DispatchAgainAsync(partition, lost, execution, now, cancellation);
        }
    }

    private async Task DispatchAgainAsync(int partition, Flight lost, Execution execution, DateTimeOffset now, CancellationToken cancellation)
    {
        var again = execution with { Redispatch = execution.Redispatch + 1, Claims = execution.Claims + 1 };
        var published = await dispatcher.PublishAsync(partition, [again], cancellation);
        if (published[0] && await index.ExtendFlightAsync(partition, lost, DuePlan.FlightOf(again, now), cancellation))
            LogRedispatched(again.AttemptId, again.Redispatch);
    }

    /// <summary>A later attempt has an outcome: this one was settled, and an older copy of the index does not know. Told again it would bring back what is over.</summary>
    private Task EndAsync(int partition, Flight lost, Execution execution, HistoryRow last, DateTimeOffset now, CancellationToken cancellation)
    {
        LogOver(lost.Id, last.Attempt);
        return index.LandAsync(partition, [new Landing(lost.Id, null) { Frees = last.Status == ExecutionStatus.Retrying ? null : execution.Slot }], now, cancellation);
    }

    /// <summary>The settler does what it has to, and it does not matter whether it did before. The message id is new: the stream would drop the old one.</summary>
    private async Task TellAgainAsync(int partition, Flight lost, Outcome known, DateTimeOffset now, CancellationToken cancellation)
    {
        var id = $"{known.MessageId}!{lost.Deadline.ToUnixTimeMilliseconds()}";
        var told = await outcomes.PublishAsync([new StreamMessage(id, partition, known.ToJson())], cancellation);
        if (told[0] && await index.ExtendFlightAsync(partition, lost, lost with { Deadline = now + DuePlan.Grace }, cancellation))
            LogToldAgain(lost.Id);
    }

    /// <summary>While history is away no outcome is known: an attempt too many is better than one that nobody waits for.</summary>
    private async Task<HistoryExecution?> FindAsync(Execution execution, CancellationToken cancellation)
    {
        try
        {
            return await history.FindAsync(execution.Job, execution.ExecutionId, cancellation);
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            LogHistoryAway(execution.AttemptId, away.GetType().Name, away.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No outcome of {Attempt} by its deadline; dispatched again ({Times})")]
    private partial void LogRedispatched(string attempt, int times);

    [LoggerMessage(Level = LogLevel.Information, Message = "The outcome of {Attempt} was not settled by its deadline; told again")]
    private partial void LogToldAgain(string attempt);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Attempt} is in flight, and attempt {Later} after it has an outcome: its flight ends")]
    private partial void LogOver(string attempt, int later);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether {Attempt} has an outcome is not known: {Kind}: {Reason}")]
    private partial void LogHistoryAway(string attempt, string kind, string reason);
}
