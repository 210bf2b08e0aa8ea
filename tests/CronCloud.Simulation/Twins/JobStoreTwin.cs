using System.Globalization;
using CronCloud.Core;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Twins;

/// <summary>Jobs and revisions in memory. It also remembers when each version was committed: what the checker judges by.</summary>
internal sealed class JobStoreTwin(TimeProvider time) : IJobStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<JobKey, Job> _jobs = [];
    private readonly Dictionary<JobKey, DateTimeOffset?> _nextDue = [];
    private readonly Dictionary<JobKey, List<Revision>> _revisions = [];
    private readonly List<Commit> _commits = [];

    /// <summary>Every version of every job, in the order of commits.</summary>
    public IReadOnlyList<Commit> Commits => _commits;

    public Task<Job?> FindAsync(JobKey key, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_jobs.GetValueOrDefault(key));
    }

    public Task<IReadOnlyDictionary<JobKey, Func<Job>>> FindAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyDictionary<JobKey, Func<Job>>>(keys.Distinct().Where(_jobs.ContainsKey).ToDictionary(key => key, key => (Func<Job>)(() => _jobs[key])));
    }

    public Task<bool> WriteAsync(Job job, Revision revision, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(Write(job, revision));
    }

    public Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<JobWrite> writes, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<bool>>([.. writes.Select(write => Write(write.Job, write.Revision))]);
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

    public Task<IReadOnlyDictionary<JobKey, JobStamp>> StampAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyDictionary<JobKey, JobStamp>>(keys.Distinct().Where(_jobs.ContainsKey).ToDictionary(key => key, key => new JobStamp(_jobs[key].State, _jobs[key].Version)));
    }

    public Task<Page<ActiveJob>> ReadActiveAsync(int partition, string? cursor, int limit, bool withRows, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var page = _jobs.Values
                .Where(j => j.Key.Partition == partition && j.State == JobState.Active && _nextDue[j.Key] is not null)
                .Select(j => (Job: j, Position: (_nextDue[j.Key]!.Value.ToUnixTimeMilliseconds(), j.Key.Tenant, j.Key.Id)))
                .Where(j => cursor is null || j.Position.CompareTo(ReadPosition(cursor)) > 0)
                .OrderBy(j => j.Position).Take(limit).ToList();
            var (ms, tenant, id) = page.Count == limit ? page[^1].Position : default;
            return Task.FromResult(new Page<ActiveJob>(
                page.ConvertAll(j => new ActiveJob(j.Job.Key, j.Job.Version, _nextDue[j.Job.Key]!.Value, withRows ? () => j.Job : null)),
                page.Count == limit ? Cursor.Of(string.Create(CultureInfo.InvariantCulture, $"{ms}/{tenant}/{id}")) : null));
        }
    }

    public Task<Page<ChangedJob>> ReadChangedAsync(IReadOnlyCollection<int> partitions, DateTimeOffset from, string? cursor, int limit, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var page = _jobs.Values
                .Where(j => partitions.Contains(j.Key.Partition) && j.UpdatedAt >= Milliseconds.Floor(from))
                .Select(j => (Job: j, Position: (j.Key.Partition, j.UpdatedAt.ToUnixTimeMilliseconds(), j.Key.Tenant, j.Key.Id)))
                .Where(j => cursor is null || j.Position.CompareTo(ReadChange(cursor)) > 0)
                .OrderBy(j => j.Position).Take(limit).ToList();
            var (_, ms, tenant, id) = page.Count == limit ? page[^1].Position : default;
            return Task.FromResult(new Page<ChangedJob>(
                page.ConvertAll(j => new ChangedJob(j.Job.Key, j.Job.Version, j.Job.UpdatedAt, j.Job.State == JobState.Active && _nextDue[j.Job.Key] is null)),
                page.Count == limit ? Cursor.Of(string.Create(CultureInfo.InvariantCulture, $"{ms}/{tenant}/{id}")) : null));
        }
    }

    public Task NoteDueAsync(IReadOnlyCollection<DueNote> notes, CancellationToken cancellation)
    {
        lock (_lock)
        {
            foreach (var note in notes.Where(n => _jobs.GetValueOrDefault(n.Key)?.Version == n.Version))
                _nextDue[note.Key] = note.Due;
        }

        return Task.CompletedTask;
    }

    public Task<Page<Revision>> ListRevisionsAsync(JobKey key, int limit, string? cursor, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var before = cursor is null ? long.MaxValue : Cursor.ReadNumbered(cursor).Number;
            var found = _revisions.GetValueOrDefault(key, []).Where(r => r.Version < before).Reverse().ToList();
            return Task.FromResult(new Page<Revision>(found.GetRange(0, Math.Min(limit, found.Count)), found.Count > limit ? Cursor.Of(found[limit - 1].Version, "") : null));
        }
    }

    private bool Write(Job job, Revision revision)
    {
        if ((_jobs.GetValueOrDefault(job.Key)?.Version ?? 0) != job.Version - 1)
            return false;
        _nextDue[job.Key] = job.NextDue(job.UpdatedAt);
        _jobs[job.Key] = job with { CreatedAt = Milliseconds.Floor(job.CreatedAt), UpdatedAt = Milliseconds.Floor(job.UpdatedAt) };
        if (!_revisions.TryGetValue(job.Key, out var revisions))
            _revisions[job.Key] = revisions = [];
        revisions.Add(revision);
        _commits.Add(new Commit(_jobs[job.Key], time.GetUtcNow()));
        return true;
    }

    private static (long Ms, string Tenant, string Id) ReadPosition(string cursor)
    {
        var parts = Cursor.Read(cursor).Split('/', 3);
        return (long.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], parts[2]);
    }

    private static (int Partition, long ChangedMs, string Tenant, string Id) ReadChange(string cursor)
    {
        var (ms, tenant, id) = ReadPosition(cursor);
        return (new JobKey(tenant, id).Partition, ms, tenant, id);
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
