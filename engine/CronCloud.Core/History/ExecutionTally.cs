using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.History;

/// <summary>Counts executions by where they stand, each once, whatever the number of its attempts.</summary>
internal sealed class ExecutionTally
{
    private readonly long[] _byStatus = new long[Enum.GetValues<ExecutionStatus>().Length];
    private readonly List<long> _lateness = [];
    private readonly List<long> _durations = [];
    private bool _isSorted;

    public long Occurrences => _byStatus.Sum();

    public long Started => _lateness.Count;

    public long Attempts => _durations.Count;

    public long FailedAttempts { get; private set; }

    public void Add(HistoryExecution execution)
    {
        _byStatus[(int)execution.Last.Status]++;
        // The row of a range stands for its first occurrence, which may have been started after all, and for the others, which were not.
        if (execution.Attempts[0] is { Attempt: 0 } range)
            _byStatus[(int)range.Status] += range.Occurrences - 1;

        var made = execution.Attempts.Where(a => a.IsMade).ToList();
        if (made.Count == 0)
            return;
        _isSorted = false;
        _lateness.Add(made[0].LatenessMs);
        _durations.AddRange(made.Select(a => a.DurationMs));
        FailedAttempts += made.Count(a => a.Result != AttemptResult.Succeeded);
    }

    public long Of(ExecutionStatus status) => _byStatus[(int)status];

    public long LatenessMs(double share) => NearestRank.Of(Sorted(_lateness), share);

    public long DurationMs(double share) => NearestRank.Of(Sorted(_durations), share);

    private List<long> Sorted(List<long> values)
    {
        if (!_isSorted)
        {
            _lateness.Sort();
            _durations.Sort();
            _isSorted = true;
        }

        return values;
    }
}
