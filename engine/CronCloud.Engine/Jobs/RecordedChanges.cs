using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Jobs;

/// <summary>Changes of many jobs on their way: what came of each in the record, and what is to be armed.</summary>
public sealed class RecordedChanges(IReadOnlyList<ChangeJob> changes)
{
    private readonly JobReply?[] _replies = new JobReply?[changes.Count];
    private readonly List<(int Place, Job Job)> _armable = new(changes.Count);
    private readonly Lock _lock = new();

    public IReadOnlyList<ChangeJob> Changes => changes;

    /// <summary>In the order in which they were recorded.</summary>
    public IReadOnlyList<(int Place, Job Job)> Armable => _armable;

    /// <summary>The server that was away, the first if several were; null when none was.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>One for each change, once all are recorded.</summary>
    internal IReadOnlyList<JobReply> Replies => _replies!;

    /// <summary>The places of the changes that have no reply yet, of each job the first one.</summary>
    internal List<int> NextOfEachJob()
    {
        var (next, jobs) = (new List<int>(changes.Count), new HashSet<JobKey>(changes.Count));
        for (var i = 0; i < changes.Count; i++)
        {
            if (_replies[i] is null && jobs.Add(changes[i].Key))
                next.Add(i);
        }

        return next;
    }

    internal void Reply(int place, JobReply reply, bool arms = false)
    {
        _replies[place] = reply;
        if (arms)
            _armable.Add((place, reply.Job!));
    }

    /// <summary>What has no reply may or may not have happened.</summary>
    internal void Fail(Exception away)
    {
        Failure ??= away;
        for (var i = 0; i < _replies.Length; i++)
            _replies[i] ??= new JobReply { Unavailable = away.Message };
    }

    /// <summary>What could not be armed: partitions fail at the same time.</summary>
    internal void Fail(Exception away, IEnumerable<(int Place, Job Job)> armable)
    {
        lock (_lock)
        {
            Failure ??= away;
            foreach (var (place, _) in armable)
                _replies[place] = new JobReply { Unavailable = away.Message };
        }
    }
}
