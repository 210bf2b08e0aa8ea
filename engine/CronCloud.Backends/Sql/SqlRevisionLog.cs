using CronCloud.Core.Jobs;
using CronCloud.Core.Ledger;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;

namespace CronCloud.Backends.Sql;

/// <summary>Jobs' revisions in SQL, read in the order of their key.</summary>
public sealed class SqlRevisionLog(SqlDatabase database) : IRevisionLog
{
    /// <summary>From one tenant to the next by the index: there may be millions of revisions between two.</summary>
    private const string Tenants =
        """
        WITH RECURSIVE tenants (tenant) AS (
          SELECT MIN(tenant) FROM revisions
          UNION ALL
          SELECT (SELECT MIN(revisions.tenant) FROM revisions WHERE revisions.tenant > tenants.tenant) FROM tenants WHERE tenants.tenant IS NOT NULL)
        SELECT tenant AS "Tenant", (SELECT MAX(hour) FROM ledger_hours WHERE ledger_hours.tenant = tenants.tenant) AS "LastHour" FROM tenants WHERE tenant IS NOT NULL
        """;

    public Task<IReadOnlyList<LedgerTenant>> ListTenantsAsync(CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<LedgerTenant>>(
        async db => [.. (await db.QueryToListAsync<TenantRow>(Tenants, cancellation)).Select(row => new LedgerTenant(row.Tenant, row.LastHour is { } hour ? DateTimeOffset.FromUnixTimeMilliseconds(hour) : null))],
        cancellation);

    public Task<int> CountJobsAsync(string tenant, int most, CancellationToken cancellation) => database.ReadAsync(
        db => db.GetTable<JobRow>().Where(j => j.Tenant == tenant).Select(j => j.Id).Take(most).CountAsync(cancellation),
        cancellation);

    /// <summary>Should a job have been edited more often than a page is long, the page is read anew and longer.</summary>
    public async Task<RevisionPage> ReadAsync(string tenant, string? afterJob, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellation)
    {
        for (; ; limit *= 2)
        {
            var rows = await database.ReadAsync(db => InForce(db, tenant, afterJob ?? "", from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds()).Take(limit).ToListAsync(cancellation), cancellation);
            if (rows.Count < limit)
                return new RevisionPage(rows.ConvertAll(Of), null);
            var whole = rows.FindAll(row => row.JobId != rows[^1].JobId);
            if (whole.Count > 0)
                return new RevisionPage(whole.ConvertAll(Of), whole[^1].JobId);
        }
    }

    /// <summary>One that was replaced by the beginning has nothing to say; nor has one that was not active then.</summary>
    private static IQueryable<RevisionRow> InForce(DataConnection db, string tenant, string after, long from, long to)
    {
        var revisions = db.GetTable<RevisionRow>();
        return revisions
            .Where(r => r.Tenant == tenant && r.JobId.CompareTo(after) > 0 && r.At <= to && (r.State == (int)JobState.Active || r.At > from)
                && !revisions.Any(newer => newer.Tenant == r.Tenant && newer.JobId == r.JobId && newer.Version > r.Version && newer.At <= from))
            .OrderBy(r => r.JobId).ThenBy(r => r.Version);
    }

    private static RecordedRevision Of(RevisionRow row) =>
        new(row.JobId, row.Version, DateTimeOffset.FromUnixTimeMilliseconds(row.At), (JobState)row.State, () => JobRow.Read(row.Definition));

    private sealed class TenantRow
    {
        public string Tenant { get; set; } = "";

        public long? LastHour { get; set; }
    }
}
