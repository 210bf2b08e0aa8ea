using System.Globalization;
using System.Runtime.CompilerServices;
using CronCloud.Core;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Twins;

/// <summary>Jobs and revisions in memory. It also remembers when each version was committed: what the checker judges by.</summary>
internal sealed class JobStoreTwin(TimeProvider time) : IJobStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<JobKey, Job> _jobs = [];
    private readonly Dictionary<JobKey, List<Revision>> _revisions = [];
    private readonly List<Commit> _commits = [];

    /// <summary>Every version of every job, in the order of commits.</summary>
    public IReadOnlyList<Commit> Commits => _commits;

    public Task<Job?> FindAsync(JobKey key, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_jobs.GetValueOrDefault(key));
    }

    public Task<bool> WriteAsync(Job job, Revision revision, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if ((_jobs.GetValueOrDefault(job.Key)?.Version ?? 0) != job.Version - 1)
                return Task.FromResult(false);
            _jobs[job.Key] = job with { CreatedAt = Milliseconds.Floor(job.CreatedAt), UpdatedAt = Milliseconds.Floor(job.UpdatedAt) };
            if (!_revisions.TryGetValue(job.Key, out var revisions))
                _revisions[job.Key] = revisions = [];
            revisions.Add(revision);
            _commits.Add(new Commit(_jobs[job.Key], time.GetUtcNow()));
            return Task.FromResult(true);
        }
    }

    public Task<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var after = query.Cursor is null ? null : Cursor.Read(query.Cursor);
            var found = _jobs.Values
                .Where(j => j.Key.Tenant == query.Tenant && Matches(j, query) && (after is null || string.CompareOrdinal(j.Key.Id, after) > 0))
                .OrderBy(j => j.Key.Id, StringComparer.Ordinal).ToList();
            var page = found.Take(query.Limit).ToList();
            return Task.FromResult(new Page<Job>(page, found.Count > query.Limit ? Cursor.Of(page[^1].Key.Id) : null));
        }
    }

    public async IAsyncEnumerable<Job> ReadActiveAsync(int partition, [EnumeratorCancellation] CancellationToken cancellation)
    {
        List<Job> active;
        lock (_lock)
            active = [.. _jobs.Values.Where(j => j.Key.Partition == partition && j.State == JobState.Active)];
        foreach (var job in active)
            yield return job;
        await Task.CompletedTask;
    }

    public Task<Page<Revision>> ListRevisionsAsync(JobKey key, int limit, string? cursor, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var before = cursor is null ? long.MaxValue : long.Parse(Cursor.Read(cursor), CultureInfo.InvariantCulture);
            var found = _revisions.GetValueOrDefault(key, []).Where(r => r.Version < before).Reverse().ToList();
            return Task.FromResult(new Page<Revision>(found.GetRange(0, Math.Min(limit, found.Count)), found.Count > limit ? Cursor.Of(found[limit - 1].Version.ToString(CultureInfo.InvariantCulture)) : null));
        }
    }

    private static bool Matches(Job job, JobQuery query)
    {
        var state = job.State == JobState.Active && job.Schedule().Last <= query.Now ? JobState.Completed : job.State;
        return (query.State is { } wanted ? state == wanted : state != JobState.Deleted)
            && query.Tags.All(t => job.Definition.Tags.TryGetValue(t.Key, out var value) && value == t.Value)
            && (query.Text is null || $"{job.Key.Id} {job.Definition.Description}".Contains(query.Text, StringComparison.OrdinalIgnoreCase))
            && (query.Destination is null || job.Definition.Target.Destination == query.Destination);
    }
}

/// <summary>A version of a job, and the true time at which it was committed.</summary>
internal sealed record Commit(Job Job, DateTimeOffset At);
