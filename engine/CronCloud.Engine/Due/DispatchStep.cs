using CronCloud.Core.Due;
using CronCloud.Core.Executions;

namespace CronCloud.Engine.Due;

/// <summary>A due entry on its way through one dispatch.</summary>
internal sealed class DispatchStep(DueEntry entry, DuePlan plan)
{
    private QueuedAttempt? _dispatched;

    public DueEntry Entry => entry;

    public DuePlan Plan { get; private set; } = plan;

    public Parking? Parking { get; private set; }

    /// <summary>Whether the entry is an execution that waited, not a job.</summary>
    public bool IsOfExecution { get; } = plan.Start?.EntryKey == entry.Key;

    public bool Starts => Plan.Start is not null && Parking is null && State != StepState.Gone;

    public StepState State { get; set; }

    /// <summary>Its attempt was published before, and its outcome is settled: it only advances. The queue may have forgotten the message, and would take it once more.</summary>
    public bool HasLanded { get; set; }

    /// <summary>When there is something to do again; null when there is not, as far as this entry is concerned.</summary>
    public DateTimeOffset? NextDue => Plan.LeftOver is { } leftOver ? leftOver.Due : Plan.NextDue;

    /// <summary>Not started after all: the occurrence is told as dropped.</summary>
    public void Drop(DropKind kind, string reason) => Plan = Plan with { Start = null, Drops = [new Dropped(Plan.Start!, kind, reason)] };

    /// <summary>As it was put on the queue, or refused there.</summary>
    public void Start(QueuedAttempt dispatched)
    {
        _dispatched = dispatched;
        State = dispatched.IsQueued ? StepState.Done : StepState.Refused;
    }

    /// <summary>Started after all.</summary>
    public void StartAnyway() => Plan = DuePlan.Started(entry, Plan.Drops[0].First);

    /// <summary>Waits for its job's slot from now on.</summary>
    public void Park(DateTimeOffset now) => Parking = new Parking(Plan.Start!.Slot!, DueItem.EntryOf(Plan.Start, now));

    public Advance AdvanceAt(DateTimeOffset now) => new(entry, Plan.NextDue, IsInFlight ? _dispatched!.FlightAt(now) : null) { LeftOver = Plan.LeftOver, Park = Parking, Slot = IsInFlight ? Plan.Start!.Slot : null };

    private bool IsInFlight => Starts && !HasLanded;
}

internal enum StepState
{
    /// <summary>All of it is published: the entry may advance.</summary>
    Done,

    /// <summary>The queue or the stream did not take it.</summary>
    Refused,

    /// <summary>It waits for the record.</summary>
    Held,

    /// <summary>Somebody else has dispatched it.</summary>
    Gone,
}
