using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// From what is due to what is queued: plan, claim slots where executions must not overlap, publish and wait for the acknowledgements, and
/// only then advance. A crash in between does it again, to no effect.
/// </summary>
public sealed partial class Dispatcher(
    IDueIndex index,
    IExecutionQueue queue,
    IOutcomeStream outcomes,
    IPendingStore pending,
    RecordedEdits edits,
    NodeName node,
    TimeProvider time,
    ILogger<Dispatcher> logger)
{
    private const string Deleted = "the job was deleted";
    private const string StillRuns = "the execution before it still runs";
    private const string AnotherWaits = "the execution before it still runs, and another waits already";

    /// <summary>An entry that cannot be read is looked at again after so long: another version of this program may read it.</summary>
    private static readonly TimeSpan UnreadablePause = TimeSpan.FromMinutes(1);

    private readonly Breaker _record = new(RecordedEdits.Pause, time);

    /// <summary>What the queue did not take stays due.</summary>
    /// <param name="partition">Whose entries they are.</param>
    /// <param name="entries">What is due.</param>
    /// <param name="inQueue">See <see cref="DuePlan.Of"/>.</param>
    /// <param name="checkpoint">See <see cref="DuePlan.Of"/>.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<Dispatched> DispatchAsync(int partition, IReadOnlyList<DueEntry> entries, DateTimeOffset? inQueue, DateTimeOffset? checkpoint, CancellationToken cancellation)
    {
        if (entries.Count == 0)
            return new Dispatched(null, 0, 0);
        var (now, began) = (time.GetUtcNow(), time.GetTimestamp());
        var steps = entries.Select(entry => new DispatchStep(entry, Plan(entry, now, inQueue, checkpoint))).ToList();
        await DropDeletedAsync(partition, steps, cancellation);
        await StartClaimedAsync(partition, steps, cancellation);
        await ClaimAsync(partition, steps, cancellation);
        await PublishAsync(partition, steps, cancellation);

        var done = steps.Where(step => step.State == StepState.Done).ToList();
        if (done.Count > 0)
            await index.AdvanceAsync(partition, done.ConvertAll(step => step.AdvanceAt(now)), now, cancellation);
        var dispatched = new Dispatched(steps.Min(step => step.NextDue), steps.Count(step => step.State == StepState.Held), steps.Count(step => step.State == StepState.Refused));
        DispatchMetrics.Ended(dispatched, time.GetElapsedTime(began));
        return dispatched;
    }

    /// <summary>Attempts go onto the queue. Answers them in their order.</summary>
    public async Task<IReadOnlyList<QueuedAttempt>> PublishAsync(int partition, IReadOnlyList<Execution> executions, CancellationToken cancellation)
    {
        if (executions.Count == 0)
            return [];
        var now = time.GetUtcNow();
        using var spans = new DispatchSpans(executions, now);
        var traced = spans.Traced();
        var messages = traced.Select(execution => new StreamMessage(execution.MessageId, partition, execution.ToJson())).ToList();
        var published = await queue.PublishAsync(messages, cancellation);
        spans.End(published, time.GetUtcNow());
        foreach (var (execution, _) in executions.Zip(published).Where(e => e.Second))
            DispatchMetrics.Dispatched(execution, now);
        return [.. traced.Select((execution, i) => new QueuedAttempt(execution, messages[i].Body, published[i]))];
    }

    /// <summary>The attempt as it is dispatched now: its message and its flight say so.</summary>
    public Execution Stamped(Execution execution) =>
        execution with { DispatchedAt = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()), DispatchedBy = node.Value };

    /// <summary>An entry that cannot be read must not stop the others: it is put off, and said.</summary>
    private DuePlan Plan(DueEntry entry, DateTimeOffset now, DateTimeOffset? inQueue, DateTimeOffset? checkpoint)
    {
        try
        {
            return DuePlan.Of(entry, now, inQueue, checkpoint, TraceParent.New);
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException)
        {
            DispatchMetrics.Unreadable();
            LogUnreadable(entry.Key, entry.Version, unreadable.Message);
            return new DuePlan { NextDue = now + UnreadablePause };
        }
    }

    /// <summary>What waited (for a retry, for a slot, for its turn to be caught up) while its job was deleted is not started. While the record is away nothing is known to be deleted.</summary>
    private async Task DropDeletedAsync(int partition, List<DispatchStep> steps, CancellationToken cancellation)
    {
        var waited = steps.FindAll(step => step.Plan.Start is not null && (step.Entry.IsLeftOver || step.IsOfExecution));
        var stamps = await edits.StampAsync(waited.ConvertAll(step => step.Plan.Start!.Job), cancellation);
        var deleted = waited.FindAll(step => stamps.GetValueOrDefault(step.Plan.Start!.Job)?.State == JobState.Deleted);
        var claimed = await ClaimedAsync(partition, deleted.ConvertAll(step => step.Plan.Start!), cancellation);
        deleted.FindAll(step => !claimed.Contains(step.Plan.Start!)).ForEach(step => step.Drop(DropKind.Skipped, Deleted));
    }

    private async Task StartClaimedAsync(int partition, List<DispatchStep> steps, CancellationToken cancellation)
    {
        var missed = steps.Where(step => step.Plan.Drops is [{ Kind: DropKind.Missed, First.Slot: not null } first, ..] && first.First.ScheduledAt == step.Entry.Due).ToList();
        if (missed.Count == 0)
            return;
        var claimed = await ClaimedAsync(partition, missed.ConvertAll(step => step.Plan.Drops[0].First), cancellation);
        missed.FindAll(step => claimed.Contains(step.Plan.Drops[0].First)).ForEach(step => step.StartAnyway());
    }

    /// <summary>
    /// Of first attempts, those that have claimed their jobs' slots: they were on their way to the queue when that did not answer, and may be there. They are not let go, or
    /// their slots would be nobody's, or have two. A retry has its slot from its first attempt on.
    /// </summary>
    private async Task<HashSet<Execution>> ClaimedAsync(int partition, List<Execution> executions, CancellationToken cancellation)
    {
        var first = executions.FindAll(execution => execution.Slot is not null && execution.Attempt == execution.FirstAttempt);
        if (first.Count == 0)
            return [];
        var holders = (await index.ReadSlotsAsync(partition, cancellation)).Select(slot => slot.Execution).ToHashSet();
        return [.. first.Where(execution => holders.Contains(execution.EntryKey))];
    }

    private async Task ClaimAsync(int partition, List<DispatchStep> steps, CancellationToken cancellation)
    {
        var claiming = steps.Where(step => step.Plan.Start?.Slot is not null).ToList();
        if (claiming.Count == 0)
            return;
        var states = await index.ClaimAsync(partition, claiming.ConvertAll(step => step.Plan.Start!.Slot! with { Seen = step.Entry, AttemptId = step.Plan.Start.AttemptId }), cancellation);
        foreach (var (step, state) in claiming.Zip(states))
        {
            if (state == SlotState.Taken)
                continue;
            if (state == SlotState.Gone)
                step.State = StepState.Gone;
            else if (state == SlotState.Landed)
                step.HasLanded = true;
            else if (step.Plan.Start!.Overlap == Overlap.Queue && state == SlotState.Busy)
                step.Park(time.GetUtcNow());
            else
                step.Drop(DropKind.Skipped, state == SlotState.Full ? AnotherWaits : StillRuns);
        }

        await KeepParkedAsync([.. claiming.Where(step => step.Parking is not null)], cancellation);
    }

    /// <summary>What waits is told by no schedule any more: the record has it before the due index lets go of it, and while the record is away it stays due.</summary>
    private async Task KeepParkedAsync(List<DispatchStep> parked, CancellationToken cancellation)
    {
        if (parked.Count == 0)
            return;
        try
        {
            if (_record.IsOpen)
                throw new IOException("it did not answer a moment ago");
            await pending.KeepAsync(parked.ConvertAll(step => new PendingExecution(step.Plan.Start!, step.Parking!.Entry.Due)), cancellation).WaitAsync(RecordedEdits.Patience, time, cancellation);
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            if (!_record.IsOpen)
                _record.Open();
            LogHeld(parked.Count, away.GetType().Name, away.Message);
            parked.ForEach(step => step.State = StepState.Held);
        }
    }

    private async Task PublishAsync(int partition, List<DispatchStep> steps, CancellationToken cancellation)
    {
        var starting = steps.Where(step => step.Starts && !step.HasLanded).ToList();
        var published = await PublishAsync(partition, starting.ConvertAll(step => Stamped(step.Plan.Start!)), cancellation);
        foreach (var (step, dispatched) in starting.Zip(published))
            step.Start(dispatched);

        var drops = steps.SelectMany(step => step.Plan.Drops.Select(drop => (Step: step, Outcome: Outcome.Of(drop, time.GetUtcNow(), node.Value)))).ToList();
        if (drops.Count == 0)
            return;
        var told = await outcomes.PublishAsync(drops.ConvertAll(d => new StreamMessage(d.Outcome.MessageId, partition, d.Outcome.ToJson())), cancellation);
        foreach (var (drop, _) in drops.Zip(told).Where(pair => !pair.Second))
            drop.Step.State = StepState.Refused;
    }

    [LoggerMessage(EventId = 1101, Level = LogLevel.Error, Message = "Due entry {Entry} version {Version} cannot be read and is put off: {Reason}")]
    private partial void LogUnreadable(string entry, long version, string reason);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Warning, Message = "{Count} executions that wait for their jobs' slots stay due until the record can be written: {Kind}: {Reason}")]
    private partial void LogHeld(int count, string kind, string reason);
}

/// <summary>What came of a dispatch.</summary>
/// <param name="Again">The soonest instant at which one of the entries is due again.</param>
/// <param name="Held">How many stay due until the record is back.</param>
/// <param name="Refused">How many stay due since the queue or the stream did not take them.</param>
public sealed record Dispatched(DateTimeOffset? Again, int Held, int Refused);
