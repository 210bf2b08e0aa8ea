using CronCloud.Core;
using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Twins;

/// <summary>Incidents in memory, with their news: nobody is told of it in these worlds, and it stays for the checker.</summary>
internal sealed class IncidentStoreTwin(JobStoreTwin jobs) : IIncidentStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<JobKey, JobHealth> _healths = [];
    private readonly Dictionary<(string Tenant, string Id), Incident> _incidents = [];
    private readonly Dictionary<(string Tenant, string Incident, string Key), IncidentEvent> _events = [];
    private readonly Dictionary<string, Notification> _notifications = [];

    public IReadOnlyCollection<Incident> Incidents => _incidents.Values;

    public IReadOnlyCollection<Notification> Notifications => _notifications.Values;

    /// <summary>The record loses a job's incidents.</summary>
    public void Lose(JobKey job)
    {
        lock (_lock)
        {
            foreach (var incident in _incidents.Values.Where(i => new JobKey(i.Tenant, i.JobId) == job).ToList())
                _incidents.Remove((incident.Tenant, incident.Id));
        }
    }

    public Task<IReadOnlyDictionary<JobKey, JobHealth>> ReadAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyDictionary<JobKey, JobHealth>>(keys.Distinct().Where(_healths.ContainsKey).ToDictionary(key => key, key => _healths[key] with { Incident = OpenOf(key) }));
    }

    public Task<bool> WriteAsync(IReadOnlyList<HealthChange> changes, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (changes.Any(c => (_healths.GetValueOrDefault(c.Health.Job)?.Version ?? 0) != c.Health.Version - 1) || !changes.All(c => c.Incidents.All(IsNext) && HasOneOpen(c)))
                return Task.FromResult(false);
            foreach (var change in changes)
            {
                _healths[change.Health.Job] = change.Health;
                foreach (var incident in change.Incidents)
                    _incidents[(incident.Tenant, incident.Id)] = incident;
                foreach (var happened in change.Events)
                    Tell(happened);
                foreach (var notification in change.Notifications)
                    _notifications.TryAdd(notification.Id, notification);
            }
        }

        return Task.FromResult(true);
    }

    public Task<bool> WriteAsync(IncidentChange change, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!IsNext(change.Next))
                return Task.FromResult(false);
            _incidents[(change.Next.Tenant, change.Next.Id)] = change.Next;
            Tell(change.Event);
            return Task.FromResult(true);
        }
    }

    public Task<Incident?> FindAsync(string tenant, string id, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_incidents.GetValueOrDefault((tenant, id)));
    }

    public Task<Page<Incident>> ListAsync(IncidentQuery query, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var before = query.Cursor is { } cursor ? IncidentQuery.ReadCursor(cursor) : (OpenedAtMs: long.MaxValue, Id: "");
            var found = _incidents.Values
                .Where(i => i.Tenant == query.Tenant && (query.State ?? i.State) == i.State && (query.JobId ?? i.JobId) == i.JobId && IsBefore(i, before))
                .OrderByDescending(i => i.OpenedAt).ThenByDescending(i => i.Id, StringComparer.Ordinal).ToList();
            var page = found.Take(query.Limit).ToList();
            return Task.FromResult(new Page<Incident>(page, found.Count > query.Limit ? Cursor.Of(page[^1].OpenedAt.ToUnixTimeMilliseconds(), page[^1].Id) : null));
        }
    }

    public Task<IReadOnlyList<IncidentEvent>> ReadEventsAsync(string tenant, string id, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyList<IncidentEvent>>([.. _events.Values.Where(e => e.Tenant == tenant && e.IncidentId == id).OrderBy(e => e.At).ThenBy(e => e.Kind).ThenBy(e => e.Key, StringComparer.Ordinal)]);
    }

    public async Task<IReadOnlyList<Incident>> ReadOrphansAsync(int limit, CancellationToken cancellation)
    {
        List<Incident> open;
        lock (_lock)
            open = [.. _incidents.Values.Where(i => i.State != IncidentState.Resolved)];
        var orphans = new List<Incident>();
        foreach (var incident in open)
        {
            if (await jobs.FindAsync(new JobKey(incident.Tenant, incident.JobId), cancellation) is { } job && (job.State == JobState.Deleted || job.CreatedAt > incident.OpenedAt + Incident.ClockTolerance))
                orphans.Add(incident);
        }

        return [.. orphans.Take(limit)];
    }

    public async Task<int> ForgetOrphansAsync(int limit, CancellationToken cancellation)
    {
        List<JobHealth> troubled;
        lock (_lock)
            troubled = [.. _healths.Values.Where(h => !h.IsCalm && OpenOf(h.Job) is null)];
        var orphans = new List<JobHealth>();
        foreach (var health in troubled)
        {
            if (await jobs.FindAsync(health.Job, cancellation) is { } job && (job.State == JobState.Deleted || job.CreatedAt > health.LatestAt + Incident.ClockTolerance))
                orphans.Add(health);
        }

        lock (_lock)
            return orphans.Take(limit).Count(h => _healths.GetValueOrDefault(h.Job)?.Version == h.Version && _healths.Remove(h.Job));
    }

    public Task<int> PruneAsync(DateTimeOffset resolvedBefore, DateTimeOffset calmBefore, DateTimeOffset failedBefore, int limit, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var incidents = _incidents.Values.Where(i => i.State == IncidentState.Resolved && i.ResolvedAt < resolvedBefore).Take(limit).ToList();
            foreach (var incident in incidents)
            {
                _incidents.Remove((incident.Tenant, incident.Id));
                foreach (var key in _events.Keys.Where(k => k.Tenant == incident.Tenant && k.Incident == incident.Id).ToList())
                    _events.Remove(key);
            }

            var healths = _healths.Values.Where(h => h.IsCalm ? h.LatestAt < calmBefore : h.LatestAt < failedBefore && OpenOf(h.Job) is null).Take(limit).ToList();
            healths.ForEach(h => _healths.Remove(h.Job));
            return Task.FromResult(Math.Max(incidents.Count, healths.Count));
        }
    }

    private Incident? OpenOf(JobKey job) => _incidents.Values.SingleOrDefault(i => i.State != IncidentState.Resolved && new JobKey(i.Tenant, i.JobId) == job);

    private bool IsNext(Incident incident) => (_incidents.GetValueOrDefault((incident.Tenant, incident.Id))?.Version ?? 0) == incident.Version - 1;

    /// <summary>Who does not know of the open one, since the health that it came with was forgotten and begun anew meanwhile, opens no other beside it.</summary>
    private bool HasOneOpen(HealthChange change) =>
        OpenOf(change.Health.Job) is not { } open || change.Incidents.All(i => i.State == IncidentState.Resolved || i.Id == open.Id) || change.Incidents.Any(i => i.State == IncidentState.Resolved && i.Id == open.Id);

    private void Tell(IncidentEvent happened) => _events.TryAdd((happened.Tenant, happened.IncidentId, happened.Key), happened);

    private static bool IsBefore(Incident incident, (long OpenedAtMs, string Id) position) =>
        incident.OpenedAt.ToUnixTimeMilliseconds() is var at && (at < position.OpenedAtMs || (at == position.OpenedAtMs && string.CompareOrdinal(incident.Id, position.Id) < 0));
}
