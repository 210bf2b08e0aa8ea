using System.Data.Common;
using CronCloud.Core;
using CronCloud.Core.Jobs;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;

namespace CronCloud.Backends.Sql;

/// <summary>Jobs and their revisions in SQL.</summary>
public sealed class SqlJobStore(SqlDatabase database) : IJobStore
{
    public Task<Job?> FindAsync(JobKey key, CancellationToken cancellation) => database.ReadAsync(
        async db => (await db.GetTable<JobRow>().FirstOrDefaultAsync(j => j.Tenant == key.Tenant && j.Id == key.Id, cancellation))?.ToJob(),
        cancellation);

    public Task<IReadOnlyDictionary<JobKey, Func<Job>>> FindAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation) => database.ReadAsync<IReadOnlyDictionary<JobKey, Func<Job>>>(
        async db =>
        {
            var jobs = new Dictionary<JobKey, Func<Job>>();
            foreach (var tenant in keys.Distinct().GroupBy(k => k.Tenant))
            {
                var rows = await db.QueryToListAsync<JobRow>($"SELECT found.* FROM {database.ListedJobs}", cancellation, new DataParameter("tenant", tenant.Key), database.Listed(tenant.Select(k => k.Id)));
                rows.ForEach(row => jobs[new JobKey(row.Tenant, row.Id)] = row.ToJob);
            }

            return jobs;
        },
        cancellation);

    public Task<bool> WriteAsync(Job job, Revision revision, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var row = JobRow.Of(job);
            var written = job.Version == 1 ? await InsertAsync(db, row, cancellation) : await UpdateAsync(db, row, cancellation);
            if (!written)
                return false;
            await db.InsertAsync(RevisionRow.Of(row, revision), token: cancellation);
            return true;
        },
        cancellation);

    public async Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<JobWrite> writes, CancellationToken cancellation)
    {
        HashSet<JobKey> written;
        try
        {
            written = await WriteAsync(writes, stagesAll: false, cancellation);
        }
        catch (DbException taken) when (SqlDatabase.IsTaken(taken))
        {
            written = await WriteAsync(writes, stagesAll: true, cancellation);
        }

        return [.. writes.Select(write => written.Contains(write.Job.Key))];
    }

    public Task<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var rows = await Filter(db.GetTable<JobRow>(), query).OrderBy(j => j.Id).Take(query.Limit + 1).ToListAsync(cancellation);
            var page = rows.Take(query.Limit).Select(r => r.ToJob()).ToList();
            return new Page<Job>(page, rows.Count > query.Limit ? Cursor.Of(page[^1].Key.Id) : null);
        },
        cancellation);

    public Task<IReadOnlyDictionary<JobKey, JobStamp>> StampAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation) => database.ReadAsync<IReadOnlyDictionary<JobKey, JobStamp>>(
        async db =>
        {
            var stamps = new Dictionary<JobKey, JobStamp>();
            foreach (var tenant in keys.Distinct().GroupBy(k => k.Tenant))
            {
                var rows = await db.QueryToListAsync<JobRow>($"SELECT found.id, found.state, found.version FROM {database.ListedJobs}", cancellation, new DataParameter("tenant", tenant.Key), database.Listed(tenant.Select(k => k.Id)));
                rows.ForEach(row => stamps[new JobKey(tenant.Key, row.Id)] = new JobStamp((JobState)row.State, row.Version));
            }

            return stamps;
        },
        cancellation);

    /// <summary>As SQL, and with the same texts each time, as whatever all partitions ask after a loss of the index: for a query of its own language the library takes many times what the database does.</summary>
    public Task<Page<ActiveJob>> ReadActiveAsync(int partition, string? cursor, int limit, bool withRows, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var rows = await db.QueryToListAsync<JobRow>(
                $"SELECT {(withRows ? "*" : "tenant, id, version, next_due")} FROM jobs WHERE part = @part AND state = {(int)JobState.Active} AND next_due IS NOT NULL{(cursor is null ? "" : " AND (next_due, tenant, id) > (@last_at, @last_tenant, @last_id)")} ORDER BY next_due, tenant, id LIMIT @limit",
                cancellation,
                [new DataParameter("part", partition), new DataParameter("limit", limit), .. Position(cursor)]);
            var jobs = rows.ConvertAll(r => new ActiveJob(new JobKey(r.Tenant, r.Id), r.Version, DateTimeOffset.FromUnixTimeMilliseconds(r.NextDue!.Value), withRows ? r.ToJob : null));
            return new Page<ActiveJob>(jobs, rows.Count == limit ? Cursor.Of(rows[^1].NextDue!.Value, $"{rows[^1].Tenant}/{rows[^1].Id}") : null);
        },
        cancellation);

    public Task<Page<ChangedJob>> ReadChangedAsync(IReadOnlyCollection<int> partitions, DateTimeOffset from, string? cursor, int limit, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var rows = await db.QueryToListAsync<JobRow>(
                $"SELECT tenant, id, state, version, updated_at, next_due FROM jobs WHERE {database.IsListed("part")} AND updated_at >= @since{(cursor is null ? "" : " AND (part, updated_at, tenant, id) > (@last_part, @last_at, @last_tenant, @last_id)")} ORDER BY part, updated_at, tenant, id LIMIT @limit",
                cancellation,
                [database.Listed(partitions), new DataParameter("since", Since(partitions, from, cursor)), new DataParameter("limit", limit), .. Position(cursor)]);
            var page = rows.ConvertAll(r => new ChangedJob(new JobKey(r.Tenant, r.Id), r.Version, DateTimeOffset.FromUnixTimeMilliseconds(r.UpdatedAt), r.State == (int)JobState.Active && r.NextDue is null));
            return new Page<ChangedJob>(page, rows.Count == limit ? Cursor.Of(rows[^1].UpdatedAt, $"{rows[^1].Tenant}/{rows[^1].Id}") : null);
        },
        cancellation);

    /// <summary>Waits for nobody, and so in no order: rows that another is just writing are passed over.</summary>
    public Task NoteDueAsync(IReadOnlyCollection<DueNote> notes, CancellationToken cancellation) => notes.Count == 0
        ? Task.CompletedTask
        : database.WriteAsync(
            db => SqlValues.ExecuteAsync(
                db,
                notes,
                values =>
                    $"""
                    UPDATE jobs SET next_due = noted.due FROM (
                      SELECT jobs.tenant, jobs.id, w.column4 AS due FROM (VALUES {values}) AS w
                      JOIN jobs ON jobs.tenant = w.column1 AND jobs.id = w.column2 AND jobs.version = w.column3
                      {database.SkippingLockedOf("jobs")}) AS noted
                    WHERE jobs.tenant = noted.tenant AND jobs.id = noted.id
                    """,
                cancellation,
                (DataType.NVarChar, note => note.Key.Tenant),
                (DataType.NVarChar, note => note.Key.Id),
                (DataType.Int64, note => note.Version),
                (DataType.Int64, note => note.Due?.ToUnixTimeMilliseconds())),
            cancellation);

    public Task<Page<Revision>> ListRevisionsAsync(JobKey key, int limit, string? cursor, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var rows = await db.QueryToListAsync<RevisionRow>(
                "SELECT * FROM revisions WHERE tenant = @tenant AND job_id = @job AND version < @before ORDER BY version DESC LIMIT @limit",
                cancellation,
                new DataParameter("tenant", key.Tenant),
                new DataParameter("job", key.Id),
                new DataParameter("before", cursor is null ? long.MaxValue : Cursor.ReadNumbered(cursor).Number),
                new DataParameter("limit", limit + 1));
            var page = rows.Take(limit).Select(r => r.ToRevision()).ToList();
            return new Page<Revision>(page, rows.Count > limit ? Cursor.Of(page[^1].Version, "") : null);
        },
        cancellation);

    private Task<HashSet<JobKey>> WriteAsync(IReadOnlyList<JobWrite> writes, bool stagesAll, CancellationToken cancellation) =>
        database.WriteAsync(db => new SqlJobWrites(db, cancellation).RunAsync(writes, database.Locking, stagesAll), cancellation);

    /// <summary>Of one partition a page begins where the one before ended: by the cursor alone, PostgreSQL would begin it at the first change of the partition, and pass over all that were read.</summary>
    private static long Since(IReadOnlyCollection<int> partitions, DateTimeOffset from, string? cursor)
    {
        var since = from.ToUnixTimeMilliseconds();
        if (cursor is null)
            return since;
        var (at, key) = ReadPosition(cursor);
        return partitions.All(partition => partition == key.Partition) ? Math.Max(since, at) : since;
    }

    /// <summary>Where the page before ended; nothing for the first.</summary>
    private static DataParameter[] Position(string? cursor)
    {
        if (cursor is null)
            return [];
        var (at, key) = ReadPosition(cursor);
        return [new DataParameter("last_part", key.Partition), new DataParameter("last_at", at), new DataParameter("last_tenant", key.Tenant), new DataParameter("last_id", key.Id)];
    }

    private static (long At, JobKey Key) ReadPosition(string cursor)
    {
        var (at, text) = Cursor.ReadNumbered(cursor);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return (at, new JobKey(text[..slash], text[(slash + 1)..]));
    }

    private static IQueryable<JobRow> Filter(IQueryable<JobRow> jobs, JobQuery query)
    {
        var now = query.Now.ToUnixTimeMilliseconds();
        jobs = jobs.Where(j => j.Tenant == query.Tenant);
        jobs = query.State switch
        {
            null => jobs.Where(j => j.State != (int)JobState.Deleted),
            JobState.Active => jobs.Where(j => j.State == (int)JobState.Active && (j.EndsAt == null || j.EndsAt > now)),
            JobState.Completed => jobs.Where(j => j.State == (int)JobState.Active && j.EndsAt <= now),
            { } state => jobs.Where(j => j.State == (int)state),
        };
        foreach (var (name, value) in query.Tags)
        {
            var line = JobRow.TagLine(name, value);
            jobs = jobs.Where(j => j.Tags.Contains(line));
        }

        if (query.Text is { } text)
        {
            var lower = text.ToLowerInvariant();
            jobs = jobs.Where(j => j.Search.Contains(lower));
        }

        if (query.Destination is { } destination)
            jobs = jobs.Where(j => j.Destination == destination);
        if (query.Cursor is { } cursor)
        {
            var after = Cursor.Read(cursor);
            jobs = jobs.Where(j => j.Id.CompareTo(after) > 0);
        }

        return jobs;
    }

    private static async Task<bool> InsertAsync(DataConnection db, JobRow row, CancellationToken cancellation) =>
        await db.ExecuteAsync(
            """
            INSERT INTO jobs (tenant, id, part, version, state, definition, destination, tags, search, ends_at, next_due, created_at, updated_at)
            VALUES (@tenant, @id, @part, 1, @state, @definition, @destination, @tags, @search, @ends, @next, @created, @updated)
            ON CONFLICT (tenant, id) DO NOTHING
            """,
            cancellation,
            new DataParameter("tenant", row.Tenant),
            new DataParameter("id", row.Id),
            new DataParameter("part", row.Partition),
            new DataParameter("state", row.State),
            new DataParameter("definition", row.Definition),
            new DataParameter("destination", row.Destination),
            new DataParameter("tags", row.Tags),
            new DataParameter("search", row.Search),
            new DataParameter("ends", row.EndsAt, DataType.Int64),
            new DataParameter("next", row.NextDue, DataType.Int64),
            new DataParameter("created", row.CreatedAt),
            new DataParameter("updated", row.UpdatedAt)) == 1;

    private static async Task<bool> UpdateAsync(DataConnection db, JobRow row, CancellationToken cancellation) =>
        await db.GetTable<JobRow>()
            .Where(j => j.Tenant == row.Tenant && j.Id == row.Id && j.Version == row.Version - 1)
            .Set(j => j.Version, row.Version)
            .Set(j => j.State, row.State)
            .Set(j => j.Definition, row.Definition)
            .Set(j => j.Destination, row.Destination)
            .Set(j => j.Tags, row.Tags)
            .Set(j => j.Search, row.Search)
            .Set(j => j.EndsAt, row.EndsAt)
            .Set(j => j.NextDue, row.NextDue)
            .Set(j => j.CreatedAt, row.CreatedAt)
            .Set(j => j.UpdatedAt, row.UpdatedAt)
            .UpdateAsync(cancellation) == 1;
}
