using CronCloud.Core.Jobs;
using LinqToDB.Data;

namespace CronCloud.Backends.Sql;

/// <summary>
/// One transaction's writes of many jobs. Rows of jobs that are new are copied straight into the table, which is the cheapest by far; should one be there
/// all the same, the database refuses, and the caller comes again with all of them staged: a table of this transaction's own, from which those are taken
/// whose versions fit.
/// </summary>
internal sealed class SqlJobWrites(DataConnection db, CancellationToken cancellation)
{
    private const string Columns = "tenant, id, part, version, state, definition, destination, tags, search, ends_at, next_due, created_at, updated_at";

    private const string Update =
        """
        UPDATE jobs SET version = w.version, state = w.state, definition = w.definition, destination = w.destination, tags = w.tags, search = w.search,
          ends_at = w.ends_at, next_due = w.next_due, created_at = w.created_at, updated_at = w.updated_at
        FROM job_writes AS w WHERE jobs.tenant = w.tenant AND jobs.id = w.id AND jobs.version = w.version - 1
        RETURNING jobs.tenant AS "Tenant", jobs.id AS "Id"
        """;

    private const string Insert =
        $"""
        INSERT INTO jobs ({Columns}) SELECT {Columns} FROM job_writes WHERE version = 1 ORDER BY tenant, id
        ON CONFLICT (tenant, id) DO NOTHING
        RETURNING tenant AS "Tenant", id AS "Id"
        """;

    /// <summary>Jobs are few here and many there: the planner is kept from reading all of them.</summary>
    private static readonly string[] ByKey = ["ANALYZE job_writes (tenant, id, version)", "SET LOCAL enable_hashjoin = off", "SET LOCAL enable_mergejoin = off"];

    private static readonly BulkCopyOptions Copy = new() { BulkCopyType = BulkCopyType.ProviderSpecific };

    /// <summary>The keys of those that were written.</summary>
    /// <param name="writes">Each job once.</param>
    /// <param name="locking">What the database's SELECT locks rows by.</param>
    /// <param name="stagesAll">Whether a job of version 1 may be there already.</param>
    public async Task<HashSet<JobKey>> RunAsync(IReadOnlyList<JobWrite> writes, string locking, bool stagesAll)
    {
        var ordered = writes.OrderBy(write => write.Job.Key.Tenant, StringComparer.Ordinal).ThenBy(write => write.Job.Key.Id, StringComparer.Ordinal).Select(RowsOf).ToList();
        var staged = ordered.Where(rows => stagesAll || rows.Job.Version > 1).ToList();
        var written = new HashSet<JobKey>(writes.Count);
        if (staged.Count < ordered.Count)
        {
            var fresh = ordered.Where(rows => rows.Job.Version == 1).Select(rows => rows.Job).ToList();
            await db.BulkCopyAsync(Copy, fresh, cancellation);
            written.UnionWith(fresh.Select(KeyOf));
        }

        if (staged.Count > 0)
            written.UnionWith(await TakeAsync(staged.ConvertAll(rows => rows.Job), locking));
        await db.BulkCopyAsync(Copy, ordered.Where(rows => written.Contains(KeyOf(rows.Job))).Select(rows => rows.Revision), cancellation);
        return written;
    }

    private async Task<IEnumerable<JobKey>> TakeAsync(List<JobRow> rows, string locking)
    {
        await db.ExecuteAsync("CREATE TEMPORARY TABLE job_writes AS SELECT * FROM jobs WHERE 1 = 0", cancellation);
        await db.BulkCopyAsync(Copy with { TableName = "job_writes" }, rows, cancellation);
        var inserted = await db.QueryToListAsync<KeyRow>(Insert, cancellation);
        if (locking.Length > 0)
        {
            foreach (var statement in (string[])[.. ByKey, LockAll(locking)])
                await db.ExecuteAsync(statement, cancellation);
        }

        var updated = await db.QueryToListAsync<KeyRow>(Update, cancellation);
        await db.ExecuteAsync("DROP TABLE job_writes", cancellation);
        return inserted.Concat(updated).Select(row => new JobKey(row.Tenant, row.Id));
    }

    /// <summary>In the order of their keys, so that of two who write the same ones one waits for the other, and not both.</summary>
    private static string LockAll(string locking) =>
        $"SELECT 1 FROM job_writes AS w JOIN jobs ON jobs.tenant = w.tenant AND jobs.id = w.id ORDER BY jobs.tenant, jobs.id {locking} OF jobs";

    private static (JobRow Job, RevisionRow Revision) RowsOf(JobWrite write)
    {
        var row = JobRow.Of(write.Job);
        return (row, RevisionRow.Of(row, write.Revision));
    }

    private static JobKey KeyOf(JobRow row) => new(row.Tenant, row.Id);

    private sealed class KeyRow
    {
        public string Tenant { get; set; } = "";

        public string Id { get; set; } = "";
    }
}
