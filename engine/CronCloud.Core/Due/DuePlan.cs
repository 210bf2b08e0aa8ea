using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Due;

/// <summary>What to do with an entry that is due: what to start, what to drop, and when it is due again. Pure arithmetic.</summary>
public sealed record DuePlan
{
    /// <summary>How long after its own timeout an attempt's outcome is waited for before it is dispatched again.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    /// <summary>Dropped occurrences up to so many are told one by one, more of them as one range.</summary>
    private const int MostSingleDrops = 20;

    /// <summary>Dropped occurrences per plan: a gap of years is worked off in steps.</summary>
    private const int MostDrops = 1_000;

    public Execution? Start { get; init; }

    /// <summary>Occurrences that the job's catch-up policy lets go.</summary>
    public IReadOnlyList<Dropped> Drops { get; init; } = [];

    /// <summary>Null when the entry is never due again.</summary>
    public DateTimeOffset? NextDue { get; init; }

    /// <summary>What is long overdue goes on as an entry of its own, and the job itself with what is due now.</summary>
    public DueEntry? LeftOver { get; init; }

    /// <param name="entry">An entry that is due.</param>
    /// <param name="now">The time.</param>
    /// <param name="inQueue">What was due up to here is in the queue already, whatever the entry says: a rolled-back index is behind.</param>
    /// <param name="checkpoint">What the record says of that: before it has passed a tombstone, whoever compares the index with the record needs it.</param>
    /// <param name="newTraceParent">Makes the trace of an execution.</param>
    public static DuePlan Of(DueEntry entry, DateTimeOffset now, DateTimeOffset? inQueue, DateTimeOffset? checkpoint, Func<string> newTraceParent)
    {
        if (entry.IsTombstone)
            return new DuePlan { NextDue = Checkpoint.InQueue(checkpoint) >= entry.Due - DueEntry.TombstoneLife ? null : now + DueEntry.TombstoneLife };

        var item = DueItem.FromJson(entry.Payload.Span);
        if (item.Execution is { } waiting)
            return new DuePlan { Start = waiting };

        var job = item.Job ?? throw new FormatException($"Due entry {entry.Key} holds neither a job nor an execution.");
        var schedule = Schedule.Parse(job.Schedule, $"{job.Tenant}/{job.Id}", out _)
            ?? throw new FormatException($"Due entry {entry.Key} version {entry.Version} has a schedule that cannot be read.");
        var onTime = now - CatchUp.OnTime;
        if (inQueue is { } known && entry.Due <= known)
            return new DuePlan { NextDue = Next(schedule, known, entry) };
        if (entry.Due > onTime)
            return new DuePlan { Start = ExecutionOf(job, entry.Version, entry.Due, newTraceParent()), NextDue = Next(schedule, entry.Due, entry) };
        return entry.IsLeftOver
            ? CatchingUp(job, schedule, entry, now, newTraceParent)
            : new DuePlan { LeftOver = entry.LeftOver(onTime), NextDue = schedule.Next(onTime) };
    }

    /// <summary>Starts a job's entry at its due time, whatever its policy: of one that may be in the queue already nobody can say that it was let go.</summary>
    public static DuePlan Started(DueEntry entry, Execution first)
    {
        var job = DueItem.FromJson(entry.Payload.Span).Job!;
        return new DuePlan { Start = first, NextDue = Next(Schedule.Parse(job.Schedule, $"{job.Tenant}/{job.Id}", out _)!, entry.Due, entry) };
    }

    /// <summary>When an attempt that is dispatched now counts as lost.</summary>
    /// <param name="execution">The attempt.</param>
    /// <param name="message">It, as the queue has it.</param>
    /// <param name="now">The time.</param>
    public static Flight FlightOf(Execution execution, ReadOnlyMemory<byte> message, DateTimeOffset now) =>
        new(execution.AttemptId, now + execution.Target.Timeout + Grace, message);

    /// <summary>The execution that the job's schedule names for that due time, at its first attempt.</summary>
    public static Execution ExecutionOf(DueJob job, long version, DateTimeOffset due, string traceParent) => new()
    {
        Tenant = job.Tenant,
        JobId = job.Id,
        JobVersion = version,
        ExecutionId = ExecutionId.Of(job.Id, due),
        ScheduledAt = due,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = job.Target,
        Retry = job.Retry ?? RetryPolicy.Default,
        Overlap = job.Overlap ?? Overlap.Allow,
        Alerts = job.Alerts,
        TraceParent = traceParent,
    };

    private static DuePlan CatchingUp(DueJob job, Schedule schedule, DueEntry entry, DateTimeOffset now, Func<string> newTraceParent)
    {
        var catchUp = job.CatchUp ?? CatchUp.Default;
        var start = FirstCaughtUp(catchUp, schedule, entry, now);
        if (start == entry.Due)
            return new DuePlan { Start = ExecutionOf(job, entry.Version, entry.Due, newTraceParent()), NextDue = Next(schedule, entry.Due, entry) };

        var dropped = new List<DateTimeOffset>();
        DateTimeOffset? next = entry.Due;
        while (next is { } due && dropped.Count < MostDrops && due <= now - CatchUp.OnTime && (start is null || due < start))
        {
            dropped.Add(due);
            next = Next(schedule, due, entry);
        }

        return new DuePlan { Drops = Drop(job, entry.Version, dropped, Reason(catchUp), newTraceParent), NextDue = next };
    }

    /// <summary>The first occurrence from the entry's due time on that is started all the same; null when none of the left-over is.</summary>
    private static DateTimeOffset? FirstCaughtUp(CatchUp catchUp, Schedule schedule, DueEntry entry, DateTimeOffset now)
    {
        var windowStart = now - catchUp.Window;
        switch (catchUp.Policy)
        {
            case CatchUpPolicy.All:
                return entry.Due >= windowStart ? entry.Due : Next(schedule, windowStart.AddTicks(-1), entry);
            case CatchUpPolicy.Latest:
                if (schedule.Next(entry.Until!.Value) <= now)
                    return null;
                return schedule.LastUntil(entry.Due, entry.Until.Value) is var latest && latest >= windowStart ? latest : null;
            case CatchUpPolicy.None:
                return null;
            default:
                throw new ArgumentOutOfRangeException(nameof(catchUp), catchUp.Policy, "No such policy.");
        }
    }

    private static string Reason(CatchUp catchUp) => catchUp.Policy switch
    {
        CatchUpPolicy.All => $"could not start within the job's catch-up window of {Durations.Format(catchUp.Window)}",
        CatchUpPolicy.Latest => "could not start in its time, and the job catches up its latest occurrence only",
        _ => "could not start in its time, and the job catches up nothing",
    };

    private static List<Dropped> Drop(DueJob job, long version, List<DateTimeOffset> dues, string reason, Func<string> newTraceParent)
    {
        Dropped Of(DateTimeOffset first, int count, DateTimeOffset last) => new(ExecutionOf(job, version, first, newTraceParent()), DropKind.Missed, reason) { Count = count, Last = last };
        return dues.Count <= MostSingleDrops ? dues.ConvertAll(due => Of(due, 1, due)) : [Of(dues[0], dues.Count, dues[^1])];
    }

    private static DateTimeOffset? Next(Schedule schedule, DateTimeOffset after, DueEntry entry) =>
        schedule.Next(after) is { } next && (entry.Until is not { } until || next <= until) ? next : null;
}
