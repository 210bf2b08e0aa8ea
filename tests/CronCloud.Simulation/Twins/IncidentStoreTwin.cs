using CronCloud.Core;
using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;

namespace CronCloud.Simulation.Twins;

/// <summary>Incidents in memory. Nobody acknowledges or lists any in these worlds; all that were ever opened stay, for the checker.</summary>
internal sealed class IncidentStoreTwin : IIncidentStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<JobKey, JobHealth> _healths = [];
    private readonly Dictionary<string, Incident> _incidents = [];
    private readonly Dictionary<string, Notification> _notifications = [];

    public IReadOnlyCollection<Incident> Incidents => _incidents.Values;

    public IReadOnlyCollection<Notification> Notifications => _notifications.Values;

    /// <summary>The record loses a job's incidents.</summary>
    public void Lose(JobKey job)
    {
        lock (_lock)
        {
            foreach (var incident in _incidents.Values.Where(i => i.Tenant == job.Tenant && i.JobId == job.Id).ToList())
                _incidents.Remove(incident.Id);
        }
    }

    public Task<IReadOnlyDictionary<JobKey, JobHealth>> ReadAsync(IReadOnlyCollection<JobKey> jobs, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult<IReadOnlyDictionary<JobKey, JobHealth>>(jobs.Distinct().Where(_healths.ContainsKey).ToDictionary(job => job, job => _healths[job]));
    }

    public Task<bool> WriteAsync(IReadOnlyList<HealthChange> changes, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (changes.Any(c => (_healths.GetValueOrDefault(c.Health.Job)?.Version ?? 0) != c.Health.Version - 1) || changes.SelectMany(c => c.Incidents).Any(i => (_incidents.GetValueOrDefault(i.Id)?.Version ?? 0) != i.Version - 1))
                return Task.FromResult(false);
            foreach (var change in changes)
            {
                _healths[change.Health.Job] = change.Health;
                foreach (var incident in change.Incidents)
                    _incidents[incident.Id] = incident;
                foreach (var notification in change.Notifications)
                    _notifications.TryAdd(notification.Id, notification);
            }
        }

        return Task.FromResult(true);
    }

    public Task<bool> WriteAsync(IncidentChange change, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Incident?> FindAsync(string tenant, string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Page<Incident>> ListAsync(IncidentQuery query, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<IncidentEvent>> ReadEventsAsync(string tenant, string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<Incident>> ReadOrphansAsync(int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<int> PruneAsync(DateTimeOffset resolvedBefore, DateTimeOffset calmBefore, int limit, CancellationToken cancellation) => throw new NotSupportedException();
}
