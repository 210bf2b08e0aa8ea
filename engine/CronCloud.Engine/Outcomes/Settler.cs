using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;
using CronCloud.Engine.Loops;
using CronCloud.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Outcomes;

/// <summary>
/// Settles outcomes: the flight ends, a retry is armed, the record learns what it must. The due index comes first, so that retries go on
/// while SQL is away; an outcome is acknowledged when all of it is done, and settling it again changes nothing. What the record must learn waits for it, and keeps
/// nobody else.
/// </summary>
public sealed partial class Settler(IOutcomeStream outcomes, IDueIndex index, IPendingStore pending, IDeadLetterStore deadLetters, KnownEnds ends, ExecutionEvents events, TimeProvider time, ILogger<Settler> logger) : ILoop
{
    /// <summary>Outcomes of one round. Of a settler that is behind most of a round is waiting for servers, the same for many as for few.</summary>
    private const int BatchSize = 4_000;
    private static readonly TimeSpan PullWait = TimeSpan.FromSeconds(1);

    /// <summary>From so many outcomes at once on, the settler rests between pulls: the due index lands those of a partition in one step, and the more there are, the less each costs.</summary>
    private const int Many = 20;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    /// <summary>For so long the record is not asked again that could not be written: each try may take as long as its server takes to fail.</summary>
    private static readonly TimeSpan RecordPause = TimeSpan.FromSeconds(2);

    /// <summary>What waits for the record comes back after a pause that doubles from <see cref="RecordPause"/> up to this.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    private DateTimeOffset _recordAfter;

    public string Name => "settler";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var deliveries = await outcomes.PullAsync(OutcomeReader.Settler, BatchSize, PullWait, cancellation);
        var from = time.GetUtcNow();
        var messages = deliveries.Read(Settled.Of, logger);
        var recording = new List<OutcomeMessage<Settled>>();
        await deliveries.HoldAsync(
            deliveries.CompleteAsync(
                async () =>
                {
                    await LandAllAsync(messages.ConvertAll(m => m.Content), cancellation);
                    recording = messages.FindAll(m => m.Content.IsRecorded);
                    await events.PublishAsync([.. messages.Where(m => m.Content is { IsOver: false, IsRecorded: false }).Select(m => m.Content.Outcome)], cancellation);
                },
                () => deliveries.Except(recording.Select(m => m.Delivery)),
                cancellation),
            time,
            cancellation);
        Tell(messages.FindAll(m => m.Content is { IsOver: false, IsRecorded: false }), from);
        if (recording.Count > 0 && await RecordAsync(recording, cancellation))
            Tell(recording.FindAll(m => !m.Content.IsOver), from);
        return deliveries.Count is >= Many and < BatchSize ? Gather : TimeSpan.Zero;
    }

    /// <summary>Outcomes that came to something: once all of that is done.</summary>
    private void Tell(List<OutcomeMessage<Settled>> settled, DateTimeOffset from)
    {
        if (settled.Count == 0)
            return;
        var now = time.GetUtcNow();
        SettleMetrics.Took(settled.Count);
        foreach (var one in settled.Select(m => m.Content))
        {
            SettleMetrics.Settled(one.Outcome, one.Status, now);
            ExecutionTraces.Settled(one.Outcome, one.Status, from, now);
        }
    }

    /// <summary>False when the record is away: they come again.</summary>
    private async Task<bool> RecordAsync(List<OutcomeMessage<Settled>> recording, CancellationToken cancellation)
    {
        var deliveries = recording.ConvertAll(m => m.Delivery);
        if (time.GetUtcNow() >= _recordAfter)
        {
            try
            {
                await deliveries.HoldAsync(RecordAsync(recording.ConvertAll(m => m.Content), cancellation), time, cancellation);
                await deliveries.AcknowledgeAsync(cancellation);
                return true;
            }
            catch (Exception away) when (!cancellation.IsCancellationRequested)
            {
                _recordAfter = time.GetUtcNow() + RecordPause;
                LogRecordAway(recording.Count, away.GetType().Name, away.Message);
            }
        }

        SettleMetrics.WaitForRecord(recording.Count);
        await Task.WhenAll(deliveries.Select(delivery => delivery.ReturnAsync(PauseOf(delivery), cancellation).AsTask()));
        return false;
    }

    private async Task RecordAsync(List<Settled> settled, CancellationToken cancellation)
    {
        await pending.KeepAsync([.. settled.Where(s => s.Retry is not null && !s.IsOver).Select(s => s.Retry!)], cancellation);
        await deadLetters.KeepAsync([.. settled.Where(s => s.Status == ExecutionStatus.DeadLettered && !s.IsOver).Select(s => DeadLetter.Of(s.Outcome))], cancellation);
        await pending.RemoveAsync([.. settled.Where(s => s.EndsPending).Select(s => s.LastAttempt)], cancellation);
        await events.PublishAsync([.. settled.Where(s => !s.IsOver).Select(s => s.Outcome)], cancellation);
    }

    private static TimeSpan PauseOf(Delivery delivery)
    {
        var pause = RecordPause * Math.Pow(2, Math.Min(delivery.Count - 1, 10));
        return pause < LongestPause ? pause : LongestPause;
    }

    /// <summary>What is late waits for a word of history, and keeps nothing else of the batch.</summary>
    private Task LandAllAsync(List<Settled> settled, CancellationToken cancellation)
    {
        var byLate = settled.ToLookup(s => s.FollowsAt is { } at && ends.IsLate(at));
        return Task.WhenAll(LandAsync(byLate[false], cancellation), LandLateAsync([.. byLate[true]], settled, cancellation));
    }

    private async Task LandLateAsync(List<Settled> late, List<Settled> batch, CancellationToken cancellation)
    {
        if (late.Count == 0)
            return;
        var known = await ends.FindAsync(late.ConvertAll(s => s.Outcome.Execution), cancellation);
        var justEnded = batch.Where(s => s.Status == ExecutionStatus.Succeeded).ToLookup(s => s.Outcome.Execution.EntryKey, s => s.Outcome.Execution.Attempt);
        foreach (var one in late)
            one.EndedBy(Math.Max(known.GetValueOrDefault(one.Outcome.Execution.EntryKey), justEnded[one.Outcome.Execution.EntryKey].DefaultIfEmpty().Max()));
        await LandAsync(late, cancellation);
    }

    private Task LandAsync(IEnumerable<Settled> settled, CancellationToken cancellation) =>
        Task.WhenAll(settled.Where(s => s.Landing is not null).GroupBy(s => s.Outcome.Execution.Job.Partition).Select(async partition =>
        {
            var landing = partition.ToList();
            var landed = await index.LandAsync(partition.Key, landing.ConvertAll(s => s.Landing!), time.GetUtcNow(), cancellation);
            for (var i = 0; i < landing.Count; i++)
                landing[i].Landed = landed[i];
        }));

    [LoggerMessage(EventId = 1302, Level = LogLevel.Warning, Message = "{Count} outcomes wait until the record can be written: {Kind}: {Reason}")]
    private partial void LogRecordAway(int count, string kind, string reason);

    /// <summary>What is to be done about an outcome.</summary>
    private sealed class Settled
    {
        private int _endedBy;

        public required Outcome Outcome { get; init; }

        public required ExecutionStatus Status { get; init; }

        /// <summary>When its retry or its dead letter is due; null when it has neither.</summary>
        public DateTimeOffset? FollowsAt { get; private init; }

        public Landing? Landing { get; private set; }

        public PendingExecution? Retry { get; private init; }

        /// <summary>What came of its landing.</summary>
        public Landed Landed { get; set; } = Landed.Live;

        /// <summary>An old outcome, told again, or of a second run of what had succeeded: the record must not have its retry or dead letter.</summary>
        public bool IsOver => _endedBy > 0 || Landed == Landed.Over;

        /// <summary>What a schedule named and what never waited was never pending.</summary>
        public bool EndsPending =>
            _endedBy > 0
            || Landed == Landed.TookRetryBack
            || (Retry is null && Status != ExecutionStatus.DeadLettered && Outcome.Execution is { Attempt: > 1 } or { Overlap: Overlap.Queue } or { Trigger: not Trigger.Schedule });

        /// <summary>Up to which attempt the record forgets it: this one, the next, which was taken back, or the one that it ended by.</summary>
        public Execution LastAttempt => Outcome.Execution with { Attempt = _endedBy > 0 ? _endedBy : Outcome.Execution.Attempt + (Landed == Landed.TookRetryBack ? 1 : 0) };

        /// <summary>Whether the record must learn of it.</summary>
        public bool IsRecorded => EndsPending || ((Status == ExecutionStatus.DeadLettered || Retry is not null) && !IsOver);

        /// <summary>Its execution ended by the attempt long ago, this one or a later one, or (0) is not known to have: only a flight may be left of it.</summary>
        public void EndedBy(int attempt)
        {
            if (attempt < Outcome.Execution.Attempt)
                return;
            _endedBy = attempt;
            Landing = Landing?.FlightId is { } flight ? new Landing(flight, null) : null;
        }

        public static Settled Of(Outcome outcome)
        {
            var settlement = Settlement.Of(outcome);
            var retry = settlement.RetryAt is { } at ? new PendingExecution(Settlement.NextAttempt(outcome), at) : null;
            var landing = new Landing(outcome.IsDropped ? null : outcome.Execution.AttemptId, retry is null ? null : DueItem.EntryOf(retry.Execution, retry.Due))
            {
                Succeeded = outcome.Result == AttemptResult.Succeeded,
                FailedForGood = settlement.Status == ExecutionStatus.DeadLettered,
                Frees = retry is null && HadSlot(outcome) ? outcome.Execution.OwnSlot : null,
            };
            return new Settled
            {
                Outcome = outcome,
                Status = settlement.Status,
                FollowsAt = settlement.RetryAt ?? (settlement.Status == ExecutionStatus.DeadLettered ? outcome.EndedAt : null),
                Landing = landing is { FlightId: null, Frees: null } ? null : landing,
                Retry = retry,
            };
        }

        /// <summary>
        /// What was dropped before its first attempt never had it. Should it have been queued all the same, by a step that was half done, it has it now.
        /// </summary>
        private static bool HadSlot(Outcome outcome) => !outcome.IsDropped || outcome.Execution.Attempt > outcome.Execution.FirstAttempt;
    }
}
