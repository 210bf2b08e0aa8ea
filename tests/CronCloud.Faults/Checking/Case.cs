using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>What was observed, arranged for the invariants.</summary>
internal sealed class Case
{
    /// <summary>Without any fault.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Without any fault, an execution is with its worker within this time.</summary>
    private static readonly TimeSpan UsualWay = TimeSpan.FromMilliseconds(400);

    public Case(Observed observed)
    {
        Observed = observed;
        Lives = observed.Operations.GroupBy(o => o.Job).ToDictionary(g => g.Key, g => new JobLife(g));
        InRange = [.. observed.Deliveries.Where(d => d.ScheduledAt >= observed.From && d.ScheduledAt <= observed.Until).OrderBy(d => d.At)];
        ByDue = InRange.ToLookup(d => (d.Job, d.ScheduledAt));
        ByExecution = InRange.ToLookup(d => d.Execution);
        Recorded = observed.History?.GroupBy(r => r.Execution).ToDictionary(g => g.Key, g => g.First());
        Expected = [.. from life in Lives from due in life.Value.Expected(observed.From, observed.Until, Way) select new Expectation(life.Key, due.Due, due.Shape)];
    }

    public Observed Observed { get; }

    public IReadOnlyDictionary<string, JobLife> Lives { get; }

    /// <summary>Deliveries of the due times that are checked, in the order of arrival.</summary>
    public IReadOnlyList<Delivery> InRange { get; }

    public ILookup<(string Job, DateTimeOffset Due), Delivery> ByDue { get; }

    public ILookup<string, Delivery> ByExecution { get; }

    public IReadOnlyDictionary<string, RecordedExecution>? Recorded { get; }

    public IReadOnlyList<Expectation> Expected { get; }

    /// <summary>Whether a fault may delay what is due then.</summary>
    public bool IsInFault(DateTimeOffset due) => Observed.Windows.Any(w => w.Delays(due));

    /// <summary>How late what is due then may start.</summary>
    public TimeSpan Allowed(DateTimeOffset due) => Limit + Bound(due) + Observed.Slack;

    /// <summary>Whether a fault may delay what was due then until after the ledger was read: an attempt that was lost is made again at its flight's deadline.</summary>
    public bool MayStillCome(DateTimeOffset due) => IsInFault(due) && Observed.ReadAt < due + Allowed(due);

    /// <summary>History says that the job's own policy dropped the occurrence; of a job that may skip (also when one waits already), without history nobody can tell.</summary>
    public bool IsDropped(Expectation expected) => Observed.History is { } history
        ? history.Any(r => r.Job == expected.Job && r.ScheduledAt == expected.Due && r.Dropped)
        : expected.Shape.Overlap != OverlapRule.Allow;

    private TimeSpan Bound(DateTimeOffset due) => Observed.Windows.Where(w => w.Delays(due)).Select(w => w.Bound).DefaultIfEmpty(TimeSpan.Zero).Max();

    private TimeSpan Way(DateTimeOffset due) => IsInFault(due) ? Allowed(due) : UsualWay;
}

/// <summary>A due time that must start.</summary>
internal sealed record Expectation(string Job, DateTimeOffset Due, JobShape Shape);
