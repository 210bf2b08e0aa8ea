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
        var lost = (await index.ReadFlightsAsync(partition, now, BatchSize, cancellation)).Select(flight => new Lost(flight, Execution.FromJson(flight.Payload.Span))).ToList();
        if (lost.Count == 0)
            return;
        var known = await FindOutcomesAsync(lost, cancellation);
        await TellAgainAsync(partition, [.. lost.Where(known.ContainsKey)], known, now, cancellation);
        await DispatchAgainAsync(partition, [.. lost.Where(l => !known.ContainsKey(l))], now, cancellation);
    }

    private async Task DispatchAgainAsync(int partition, List<Lost> lost, DateTimeOffset now, CancellationToken cancellation)
    {
        var again = lost.ConvertAll(l => l.Execution with { Redispatch = l.Execution.Redispatch + 1, Claims = l.Execution.Claims + 1 });
        var published = await dispatcher.PublishAsync(partition, again, cancellation);
        await Task.WhenAll(lost.Zip(again, published).Where(l => l.Third).Select(async l =>
        {
            if (await index.ExtendFlightAsync(partition, l.First.Flight, DuePlan.FlightOf(l.Second, now), cancellation))
                LogRedispatched(l.Second.AttemptId, l.Second.Redispatch);
        }));
    }

    /// <summary>The settler does what it has to, and it does not matter whether it did before. The message id is new: the stream would drop the old one.</summary>
    private async Task TellAgainAsync(int partition, List<Lost> lost, Dictionary<Lost, Outcome> known, DateTimeOffset now, CancellationToken cancellation)
    {
        if (lost.Count == 0)
            return;
        var told = await outcomes.PublishAsync(
            lost.ConvertAll(l => new StreamMessage($"{known[l].MessageId}!{l.Flight.Deadline.ToUnixTimeMilliseconds()}", partition, known[l].ToJson())),
            cancellation);
        await Task.WhenAll(lost.Zip(told).Where(l => l.Second).Select(async l =>
        {
            if (await index.ExtendFlightAsync(partition, l.First.Flight, l.First.Flight with { Deadline = now + DuePlan.Grace }, cancellation))
                LogToldAgain(l.First.Flight.Id);
        }));
    }

    /// <summary>While history is away no outcome is known: an attempt too many is better than one that nobody waits for.</summary>
    private async Task<Dictionary<Lost, Outcome>> FindOutcomesAsync(List<Lost> lost, CancellationToken cancellation)
    {
        try
        {
            var rows = (await history.FindAttemptsAsync([.. lost.Select(l => l.Execution)], cancellation)).ToLookup(row => (row.Tenant, row.ExecutionId, row.Attempt));
            return lost.Select(l => (Lost: l, Row: rows[(l.Execution.Tenant, l.Execution.ExecutionId, l.Execution.Attempt)].FirstOrDefault()))
                .Where(l => l.Row is not null).ToDictionary(l => l.Lost, l => l.Row!.ToOutcome(l.Lost.Execution));
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            LogHistoryAway(lost.Count, away.GetType().Name, away.Message);
            return [];
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No outcome of {Attempt} by its deadline; dispatched again ({Times})")]
    private partial void LogRedispatched(string attempt, int times);

    [LoggerMessage(Level = LogLevel.Information, Message = "The outcome of {Attempt} was not settled by its deadline; told again")]
    private partial void LogToldAgain(string attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether {Count} attempts have outcomes is not known: {Kind}: {Reason}")]
    private partial void LogHistoryAway(int count, string kind, string reason);

    private sealed record Lost(Flight Flight, Execution Execution);
}
