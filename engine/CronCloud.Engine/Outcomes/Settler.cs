using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Outcomes;

/// <summary>
/// Settles outcomes: the flight ends, a retry is armed, the record learns what it must. The due index comes first, so that retries go on
/// while SQL is away; an outcome is acknowledged when all of it is done, and settling it again changes nothing.
/// </summary>
public sealed partial class Settler(IOutcomeStream outcomes, IDueIndex index, IPendingStore pending, TimeProvider time, ILogger<Settler> logger) : ILoop
{
    private const int BatchSize = 1_000;
    private static readonly TimeSpan PullWait = TimeSpan.FromSeconds(1);

    public string Name => "settler";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var deliveries = await outcomes.PullAsync(OutcomeReader.Settler, BatchSize, PullWait, cancellation);
        var settled = deliveries.Select(Read).OfType<Settled>().ToList();
        await deliveries.CompleteAsync(() => SettleAsync(settled, cancellation), cancellation);
        return TimeSpan.Zero;
    }

    private async Task SettleAsync(List<Settled> settled, CancellationToken cancellation)
    {
        await Task.WhenAll(settled.GroupBy(s => s.Outcome.Execution.Job.Partition).Select(p => index.LandAsync(p.Key, [.. p.Select(s => s.Landing)], time.GetUtcNow(), cancellation)));
        await pending.KeepAsync([.. settled.Where(s => s.Retry is not null).Select(s => s.Retry!)], cancellation);
        await pending.RemoveAsync([.. settled.Where(s => s.Retry is null && IsInRecord(s.Outcome.Execution)).Select(s => s.Outcome.Execution)], cancellation);
    }

    private Settled? Read(Delivery delivery)
    {
        try
        {
            var outcome = Outcome.FromJson(delivery.Body.Span);
            var settlement = Settlement.Of(outcome);
            var retry = settlement.RetryAt is { } at ? new PendingExecution(Settlement.NextAttempt(outcome.Execution), at) : null;
            return new Settled(outcome, new Landing(outcome.Execution.AttemptId, retry is null ? null : DueItem.EntryOf(retry.Execution, retry.Due)), retry);
        }
        catch (JsonException unreadable)
        {
            LogUnreadable(unreadable.Message);
            return null;
        }
    }

    /// <summary>First attempts of what a schedule named were never pending.</summary>
    private static bool IsInRecord(Execution execution) => execution.Attempt > 1 || execution.Trigger != Trigger.Schedule;

    [LoggerMessage(Level = LogLevel.Error, Message = "A message on the outcome stream is no outcome and is taken out: {Reason}")]
    private partial void LogUnreadable(string reason);

    private sealed record Settled(Outcome Outcome, Landing Landing, PendingExecution? Retry);
}
