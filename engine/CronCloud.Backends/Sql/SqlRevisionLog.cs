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

    /// <summary>Compared by the whole key, whoever's jobs come after, since that has one plan: to find so many of one tenant's, PostgreSQL would sort all that it has, as long as it does not know how many these are.</summary>
    private const string LastOfPage =
        """
        SELECT id FROM (SELECT tenant, id FROM jobs WHERE (tenant, id) > (@tenant, @after) ORDER BY tenant, id LIMIT 1 OFFSET @others) AS last WHERE tenant = @tenant
        """;

    public Task<IReadOnlyList<LedgerTenant>> ListTenantsAsync(CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<LedgerTenant>>(
        async db => [.. (await db.QueryToListAsync<TenantRow>(Tenants, cancellation)).Select(row => new LedgerTenant(row.Tenant, row.LastHour is { } hour ? DateTimeOffset.FromUnixTimeMilliseconds(hour) : null))],
        cancellation);

    public Task<int> CountJobsAsync(string tenant, int most, CancellationToken cancellation) => database.ReadAsync(
        db => db.GetTable<JobRow>().Where(j => j.Tenant == tenant).Select(j => j.Id).Take(most).CountAsync(cancellation),
        cancellation);

    public Task<RevisionPage> ReadAsync(string tenant, string? afterJob, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var after = afterJob ?? "";
            var last = (await db.QueryToListAsync<string>(LastOfPage, cancellation, new DataParameter("tenant", tenant), new DataParameter("after", after), new DataParameter("others", limit - 1))).FirstOrDefault();
            var rows = await db.QueryToListAsync<RevisionRow>(
                InForce(last is not null),
                cancellation,
                new DataParameter("tenant", tenant),
                new DataParameter("after", after),
                new DataParameter("last", last ?? ""),
                new DataParameter("from", from.ToUnixTimeMilliseconds()),
                new DataParameter("to", to.ToUnixTimeMilliseconds()));
            return new RevisionPage(rows.ConvertAll(Of), last);
        },
        cancellation);

    /// <summary>
    /// One that was replaced by the beginning has nothing to say; nor has one that was not active then. By a subquery for each row of the page: as an anti-join it
    /// would be planned over the whole table.
    /// </summary>
    private static string InForce(bool hasLast) =>
        $"""
        SELECT job_id, version, at, state, definition FROM revisions
        WHERE tenant = @tenant AND job_id > @after AND {(hasLast ? "job_id <= @last" : "@last = ''")} AND at <= @to AND (state = 0 OR at > @from)
          AND version >= COALESCE((SELECT MAX(older.version) FROM revisions AS older WHERE older.tenant = revisions.tenant AND older.job_id = revisions.job_id AND older.at <= @from), 0)
        ORDER BY job_id, version
        """;

    private static RecordedRevision Of(RevisionRow row) =>
        new(row.JobId, row.Version, DateTimeOffset.FromUnixTimeMilliseconds(row.At), (JobState)row.State, () => JobRow.Read(row.Definition));

    private sealed class TenantRow
    {
        public string Tenant { get; set; } = "";

        public long? LastHour { get; set; }
    }
}
