using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Outcomes;

/// <summary>
/// Settles outcomes: the flight ends, a retry is armed, the record learns what it must. The due index comes first, so that retries go on
/// while SQL is away; an outcome is acknowledged when all of it is done, and settling it again changes nothing.
/// </summary>
public sealed partial class Settler(IOutcomeStream outcomes, IDueIndex index, IPendingStore pending, IDeadLetterStore deadLetters, ExecutionEvents events, TimeProvider time, ILogger<Settler> logger) : ILoop
{
    private const int BatchSize = 1_000;
    private static readonly TimeSpan PullWait = TimeSpan.FromSeconds(1);

    public string Name => "settler";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var deliveries = await outcomes.PullAsync(OutcomeReader.Settler, BatchSize, PullWait, cancellation);
        var settled = deliveries.Select(Read).OfType<Settled>().ToList();
        await deliveries.CompleteAsync(() => deliveries.HoldAsync(SettleAsync(settled, cancellation), time, cancellation), cancellation);
        return TimeSpan.Zero;
    }

    private async Task SettleAsync(List<Settled> settled, CancellationToken cancellation)
    {
        var over = await LandAsync(settled, cancellation);
        await pending.KeepAsync([.. settled.Where(s => s.Retry is not null && !over.Contains(s)).Select(s => s.Retry!)], cancellation);
        await deadLetters.KeepAsync([.. settled.Where(s => s.Status == ExecutionStatus.DeadLettered).Select(s => DeadLetter.Of(s.Outcome))], cancellation);
        await pending.RemoveAsync([.. settled.Where(s => s.EndsPending).Select(s => s.Outcome.Execution)], cancellation);
        await events.PublishAsync([.. settled.Select(s => s.Outcome)], cancellation);
    }

    /// <summary>Answers those that are old outcomes, told again: their retry is over, and the record must not have it once more.</summary>
    private async Task<HashSet<Settled>> LandAsync(List<Settled> settled, CancellationToken cancellation)
    {
        var over = await Task.WhenAll(settled.Where(s => s.Landing is not null).GroupBy(s => s.Outcome.Execution.Job.Partition).Select(async partition =>
        {
            var landing = partition.ToList();
            var live = await index.LandAsync(partition.Key, landing.ConvertAll(s => s.Landing!), time.GetUtcNow(), cancellation);
            return landing.Where((_, i) => !live[i]);
        }));
        return [.. over.SelectMany(o => o)];
    }

    private Settled? Read(Delivery delivery)
    {
        try
        {
            var outcome = Outcome.FromJson(delivery.Body.Span);
            return Settled.Of(outcome);
        }
        catch (JsonException unreadable)
        {
            LogUnreadable(unreadable.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A message on the outcome stream is no outcome and is taken out: {Reason}")]
    private partial void LogUnreadable(string reason);

    /// <summary>What is to be done about an outcome.</summary>
    private sealed record Settled(Outcome Outcome, ExecutionStatus Status, Landing? Landing, PendingExecution? Retry)
    {
        /// <summary>What a schedule named and what never waited was never pending.</summary>
        public bool EndsPending =>
            Retry is null && Status != ExecutionStatus.DeadLettered && (Outcome.Execution is { Attempt: > 1 } or { Overlap: Overlap.Queue } or { Trigger: not Trigger.Schedule });

        public static Settled Of(Outcome outcome)
        {
            var settlement = Settlement.Of(outcome);
            var retry = settlement.RetryAt is { } at ? new PendingExecution(Settlement.NextAttempt(outcome), at) : null;
            var landing = new Landing(outcome.IsDropped ? null : outcome.Execution.AttemptId, retry is null ? null : DueItem.EntryOf(retry.Execution, retry.Due)) { Frees = retry is null && HadSlot(outcome) ? outcome.Execution.Slot : null };
            return new Settled(outcome, settlement.Status, landing is { FlightId: null, Frees: null } ? null : landing, retry);
        }

        /// <summary>What was dropped before its first attempt never had it; should it have been started all the same, after a step that was half done, it has it now.</summary>
        private static bool HadSlot(Outcome outcome) => !outcome.IsDropped || outcome.Execution.Attempt > outcome.Execution.FirstAttempt;
    }
}
