using System.Text.Json;
using CronCloud.Core;
using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

/// <summary>Incidents, and the health that they come from, in SQL.</summary>
public sealed class SqlIncidentStore(SqlDatabase database) : IIncidentStore
{
    private const int MaxEvents = 1_000;

    public Task<IReadOnlyDictionary<JobKey, JobHealth>> ReadAsync(IReadOnlyCollection<JobKey> jobs, CancellationToken cancellation) => jobs.Count == 0
        ? Task.FromResult<IReadOnlyDictionary<JobKey, JobHealth>>(new Dictionary<JobKey, JobHealth>())
        : database.ReadAsync<IReadOnlyDictionary<JobKey, JobHealth>>(
            async db =>
            {
                var keys = SqlValues.Of([.. jobs.Distinct()], (DataType.NVarChar, k => k.Tenant), (DataType.NVarChar, k => k.Id));
                var rows = await db.QueryToListAsync<HealthAndIncident>(
                    $"""
                    SELECT job_health.version, job_health.health, incidents.incident
                    FROM job_health LEFT JOIN incidents ON incidents.tenant = job_health.tenant AND incidents.job_id = job_health.job_id AND incidents.state < 2
                    WHERE (job_health.tenant, job_health.job_id) IN (VALUES {keys.Text})
                    """,
                    cancellation,
                    keys.Parameters);
                return rows.ConvertAll(row => row.ToHealth()).ToDictionary(health => health.Job);
            },
            cancellation);

    public async Task<bool> WriteAsync(IReadOnlyList<HealthChange> changes, CancellationToken cancellation) =>
        changes.Count == 0 || await database.TryWriteAsync(db => WriteAsync(db, changes, cancellation), cancellation);

    public Task<bool> WriteAsync(IncidentChange change, CancellationToken cancellation) => database.TryWriteAsync(
        async db =>
        {
            await WriteAsync(db, [change.Next], cancellation);
            await WriteAsync(db, [change.Event], cancellation);
        },
        cancellation);

    public Task<Incident?> FindAsync(string tenant, string id, CancellationToken cancellation) => database.ReadAsync(
        async db => (await db.GetTable<IncidentRow>().FirstOrDefaultAsync(i => i.Tenant == tenant && i.Id == id, cancellation))?.ToIncident(),
        cancellation);

    public Task<Page<Incident>> ListAsync(IncidentQuery query, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var rows = await Filter(db.GetTable<IncidentRow>(), query).OrderByDescending(i => i.OpenedAt).ThenByDescending(i => i.Id).Take(query.Limit + 1).ToListAsync(cancellation);
            var page = rows.Take(query.Limit).ToList();
            return new Page<Incident>(page.ConvertAll(r => r.ToIncident()), rows.Count > query.Limit ? Cursor.Of(page[^1].OpenedAt, page[^1].Id) : null);
        },
        cancellation);

    public Task<IReadOnlyList<IncidentEvent>> ReadEventsAsync(string tenant, string id, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<IncidentEvent>>(
        async db =>
        {
            var rows = await db.GetTable<IncidentEventRow>()
                .Where(e => e.Tenant == tenant && e.IncidentId == id)
                .OrderByDescending(e => e.At).ThenByDescending(e => e.Kind).ThenByDescending(e => e.Key).Take(MaxEvents).ToListAsync(cancellation);
            return rows.AsEnumerable().Reverse().Select(r => r.ToEvent()).ToList();
        },
        cancellation);

    public Task<IReadOnlyList<Incident>> ReadOrphansAsync(int limit, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<Incident>>(
        async db =>
        {
            var tolerance = (long)Incident.ClockTolerance.TotalMilliseconds;
            var orphans =
                from incident in db.GetTable<IncidentRow>()
                join job in db.GetTable<JobRow>() on new { incident.Tenant, Id = incident.JobId } equals new { job.Tenant, job.Id }
                where incident.State < (int)IncidentState.Resolved && (job.State == (int)JobState.Deleted || job.CreatedAt > incident.OpenedAt + tolerance)
                select incident;
            return (await orphans.Take(limit).ToListAsync(cancellation)).ConvertAll(r => r.ToIncident());
        },
        cancellation);

    public Task<int> ForgetOrphansAsync(int limit, CancellationToken cancellation) => database.WriteAsync(
        db => ForgetAsync(
            db,
            "JOIN jobs ON jobs.tenant = job_health.tenant AND jobs.id = job_health.job_id",
            "(jobs.state = @deleted OR jobs.created_at > job_health.at + @tolerance)",
            limit,
            [new DataParameter("deleted", (int)JobState.Deleted), new DataParameter("tolerance", (long)Incident.ClockTolerance.TotalMilliseconds)],
            cancellation),
        cancellation);

    public Task<int> PruneAsync(DateTimeOffset resolvedBefore, DateTimeOffset calmBefore, DateTimeOffset failedBefore, int limit, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var (resolved, calm) = (resolvedBefore.ToUnixTimeMilliseconds(), calmBefore.ToUnixTimeMilliseconds());
            var incidents = await db.GetTable<IncidentRow>().Where(i => i.State == (int)IncidentState.Resolved && i.ResolvedAt < resolved).OrderBy(i => i.ResolvedAt).Take(limit).Select(i => new { i.Tenant, i.Id }).ToListAsync(cancellation);
            foreach (var (tenant, ids) in incidents.GroupBy(i => i.Tenant).Select(g => (g.Key, g.Select(i => i.Id).ToList())))
            {
                await db.GetTable<IncidentEventRow>().Where(e => e.Tenant == tenant && ids.Contains(e.IncidentId)).DeleteAsync(cancellation);
                await db.GetTable<IncidentRow>().Where(i => i.Tenant == tenant && ids.Contains(i.Id)).DeleteAsync(cancellation);
            }

            var healths = await db.GetTable<JobHealthRow>().Where(h => h.IsCalm == 1 && h.At < calm).OrderBy(h => h.At).Take(limit).Select(h => new { h.Tenant, h.JobId }).ToListAsync(cancellation);
            foreach (var (tenant, ids) in healths.GroupBy(h => h.Tenant).Select(g => (g.Key, g.Select(h => h.JobId).ToList())))
                await db.GetTable<JobHealthRow>().Where(h => h.Tenant == tenant && ids.Contains(h.JobId) && h.IsCalm == 1 && h.At < calm).DeleteAsync(cancellation);
            var failed = await ForgetAsync(db, "", "job_health.at < @failed", limit, [new DataParameter("failed", failedBefore.ToUnixTimeMilliseconds())], cancellation);
            return Math.Max(failed, Math.Max(incidents.Count, healths.Count));
        },
        cancellation);

    internal static async Task WriteAsync(DataConnection db, IReadOnlyList<IncidentEvent> events, CancellationToken cancellation)
    {
        await SqlValues.ExecuteAsync(
            db,
            events,
            values => $"INSERT INTO incident_events (tenant, incident_id, event_key, at, kind, event) VALUES {values} ON CONFLICT (tenant, incident_id, event_key) DO NOTHING",
            cancellation,
            (DataType.NVarChar, e => e.Tenant),
            (DataType.NVarChar, e => e.IncidentId),
            (DataType.NVarChar, e => e.Key),
            (DataType.Int64, e => e.At.ToUnixTimeMilliseconds()),
            (DataType.Int32, e => (int)e.Kind),
            (DataType.NVarChar, e => JsonSerializer.Serialize(e, CoreJson.Options)));
    }

    /// <summary>Healths that are not calm and have no incident, unless they are changed meanwhile: an incident comes with a new version.</summary>
    private static async Task<int> ForgetAsync(DataConnection db, string join, string condition, int limit, DataParameter[] parameters, CancellationToken cancellation)
    {
        var gone = await db.QueryToListAsync<JobHealthRow>(
            $"""
            SELECT job_health.tenant, job_health.job_id, job_health.version FROM job_health {join}
            WHERE job_health.is_calm = 0 AND {condition}
              AND NOT EXISTS (SELECT 1 FROM incidents WHERE incidents.tenant = job_health.tenant AND incidents.job_id = job_health.job_id AND incidents.state < 2)
            LIMIT {limit}
            """,
            cancellation,
            parameters);
        await SqlValues.ExecuteAsync(
            db,
            gone,
            keys => $"DELETE FROM job_health WHERE (tenant, job_id, version) IN (VALUES {keys})",
            cancellation,
            (DataType.NVarChar, h => h.Tenant),
            (DataType.NVarChar, h => h.JobId),
            (DataType.Int64, h => h.Version));
        return gone.Count;
    }

    /// <summary>The healths first, in the order of keys: two writers of the same jobs wait for each other there, and for nothing else.</summary>
    private static async Task WriteAsync(DataConnection db, IReadOnlyList<HealthChange> changes, CancellationToken cancellation)
    {
        await WriteAsync(db, [.. changes.Select(c => c.Health).OrderBy(h => h.Job.Tenant, StringComparer.Ordinal).ThenBy(h => h.Job.Id, StringComparer.Ordinal)], cancellation);
        await WriteAsync(db, [.. changes.SelectMany(c => c.Incidents)], cancellation);
        await WriteAsync(db, [.. changes.SelectMany(c => c.Events)], cancellation);
        await SqlNotificationStore.WriteAsync(db, [.. changes.SelectMany(c => c.Notifications)], cancellation);
    }

    private static async Task WriteAsync(DataConnection db, IReadOnlyList<JobHealth> healths, CancellationToken cancellation)
    {
        var written = await SqlValues.ExecuteAsync(
            db,
            healths,
            values =>
                $"""
                INSERT INTO job_health (tenant, job_id, version, is_calm, at, health) VALUES {values}
                ON CONFLICT (tenant, job_id) DO UPDATE SET version = excluded.version, is_calm = excluded.is_calm, at = excluded.at, health = excluded.health
                WHERE job_health.version = excluded.version - 1
                """,
            cancellation,
            (DataType.NVarChar, h => h.Job.Tenant),
            (DataType.NVarChar, h => h.Job.Id),
            (DataType.Int64, h => h.Version),
            (DataType.Int32, h => h.IsCalm ? 1 : 0),
            (DataType.Int64, h => h.LatestAt.ToUnixTimeMilliseconds()),
            (DataType.NVarChar, h => JsonSerializer.Serialize(h with { Incident = null }, CoreJson.Options)));
        ChangedMeanwhileException.ThrowUnless(written == healths.Count);
    }

    private static async Task WriteAsync(DataConnection db, IReadOnlyList<Incident> incidents, CancellationToken cancellation)
    {
        var written = await SqlValues.ExecuteAsync(
            db,
            incidents,
            values =>
                $"""
                INSERT INTO incidents (tenant, id, job_id, version, state, opened_at, resolved_at, incident) VALUES {values}
                ON CONFLICT (tenant, id) DO UPDATE SET version = excluded.version, state = excluded.state, resolved_at = excluded.resolved_at, incident = excluded.incident
                WHERE incidents.version = excluded.version - 1
                """,
            cancellation,
            (DataType.NVarChar, i => i.Tenant),
            (DataType.NVarChar, i => i.Id),
            (DataType.NVarChar, i => i.JobId),
            (DataType.Int64, i => i.Version),
            (DataType.Int32, i => (int)i.State),
            (DataType.Int64, i => i.OpenedAt.ToUnixTimeMilliseconds()),
            (DataType.Int64, i => (i.ResolvedAt ?? DateTimeOffset.UnixEpoch).ToUnixTimeMilliseconds()),
            (DataType.NVarChar, i => IncidentRow.Write(i)));
        ChangedMeanwhileException.ThrowUnless(written == incidents.Count);
    }

    private static IQueryable<IncidentRow> Filter(IQueryable<IncidentRow> incidents, IncidentQuery query)
    {
        incidents = incidents.Where(i => i.Tenant == query.Tenant);
        if (query.State is { } state)
            incidents = incidents.Where(i => i.State == (int)state);
        if (query.JobId is { } job)
            incidents = incidents.Where(i => i.JobId == job);
        if (query.Cursor is { } cursor)
        {
            var (at, id) = IncidentQuery.ReadCursor(cursor);
            incidents = incidents.Where(i => i.OpenedAt < at || (i.OpenedAt == at && i.Id.CompareTo(id) < 0));
        }

        return incidents;
    }

    private sealed class HealthAndIncident
    {
        [Column("version")]
        public long Version { get; set; }

        [Column("health")]
        public string Health { get; set; } = "";

        [Column("incident")]
        public string? Incident { get; set; }

        public JobHealth ToHealth() => (JsonSerializer.Deserialize<JobHealth>(Health, CoreJson.Options) ?? throw new JsonException("A stored health must not be null.")) with
        {
            Version = Version,
            Incident = Incident is null ? null : IncidentRow.Read(Incident),
        };
    }
}
