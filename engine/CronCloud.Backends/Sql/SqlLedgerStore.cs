using System.Text.Json;
using CronCloud.Core.History;
using CronCloud.Core.Json;
using CronCloud.Core.Ledger;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

/// <summary>The ledger's closed hours in SQL.</summary>
public sealed class SqlLedgerStore(SqlDatabase database) : ILedgerStore
{
    public Task WriteAsync(LedgerHour hour, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var row = HourRow.Of(hour);
            await db.InsertOrReplaceAsync(row, token: cancellation);
            await db.GetTable<LedgerJobRow>().Where(j => j.Tenant == row.Tenant && j.Hour == row.Hour).DeleteAsync(cancellation);
            foreach (var job in hour.Jobs)
                await db.InsertAsync(new LedgerJobRow { Tenant = row.Tenant, Hour = row.Hour, JobId = job.JobId, Difference = JsonSerializer.Serialize(job, CoreJson.Options) }, token: cancellation);
            return hour.Jobs.Count;
        },
        cancellation);

    public Task<IReadOnlyList<LedgerHour>> ReadAsync(string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<LedgerHour>>(
        async db =>
        {
            var (first, end) = (from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds());
            var hours = await db.GetTable<HourRow>().Where(h => h.Tenant == tenant && h.Hour >= first && h.Hour < end).OrderBy(h => h.Hour).ToListAsync(cancellation);
            var jobs = (await db.GetTable<LedgerJobRow>().Where(j => j.Tenant == tenant && j.Hour >= first && j.Hour < end).OrderBy(j => j.Hour).ThenBy(j => j.JobId).ToListAsync(cancellation)).ToLookup(j => j.Hour);
            return hours.ConvertAll(row => row.ToHour() with { Jobs = [.. jobs[row.Hour].Select(j => j.ToJob())] });
        },
        cancellation);

    public Task<IReadOnlyList<LedgerHour>> ListUnsettledAsync(DateTimeOffset from, DateTimeOffset differingFrom, int limit, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<LedgerHour>>(
        async db =>
        {
            var (first, firstDiffering) = (from.ToUnixTimeMilliseconds(), differingFrom.ToUnixTimeMilliseconds());
            var rows = await db.GetTable<HourRow>()
                .Where(h => h.MayChange == 1 && (h.Hour >= first || (h.Hour >= firstDiffering && h.Missing + h.Unexpected + h.Open > 0)))
                .OrderByDescending(h => h.Missing + h.Unexpected + h.Open > 0 ? 1 : 0).ThenByDescending(h => h.Hour).ThenBy(h => h.Tenant)
                .Take(limit).ToListAsync(cancellation);
            return rows.ConvertAll(row => row.ToHour());
        },
        cancellation);

    public Task PruneAsync(DateTimeOffset before, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var ms = before.ToUnixTimeMilliseconds();
            await db.GetTable<LedgerJobRow>().Where(j => j.Hour < ms).DeleteAsync(cancellation);
            return await db.GetTable<HourRow>().Where(h => h.Hour < ms).DeleteAsync(cancellation);
        },
        cancellation);

    [Table("ledger_hours")]
    private sealed class HourRow
    {
        [Column("tenant"), PrimaryKey(1)]
        public string Tenant { get; set; } = "";

        [Column("hour"), PrimaryKey(2)]
        public long Hour { get; set; }

        [Column("ends")]
        public long Ends { get; set; }

        [Column("expected")]
        public long Expected { get; set; }

        [Column("recorded")]
        public long Recorded { get; set; }

        [Column("dispatched")]
        public long Dispatched { get; set; }

        [Column("still_open")]
        public long Open { get; set; }

        [Column("missing")]
        public long Missing { get; set; }

        [Column("unexpected")]
        public long Unexpected { get; set; }

        [Column("may_change")]
        public int MayChange { get; set; }

        [Column("counts")]
        public string Counts { get; set; } = "";

        [Column("looked_at")]
        public long LookedAt { get; set; }

        [Column("looks")]
        public int Looks { get; set; }

        /// <summary>0 when it agrees.</summary>
        [Column("differs_since")]
        public long DiffersSince { get; set; }

        public static HourRow Of(LedgerHour hour) => new()
        {
            Tenant = hour.Tenant,
            Hour = hour.From.ToUnixTimeMilliseconds(),
            Ends = hour.To.ToUnixTimeMilliseconds(),
            Expected = hour.Expected,
            Recorded = hour.Recorded,
            Dispatched = hour.Dispatched,
            Open = hour.Open,
            Missing = hour.Missing,
            Unexpected = hour.Unexpected,
            MayChange = hour.Agrees && hour.Running + hour.Counts.DeadLettered == 0 ? 0 : 1,
            Counts = JsonSerializer.Serialize(hour.Counts, CoreJson.Options),
            LookedAt = hour.LookedAt.ToUnixTimeMilliseconds(),
            Looks = hour.Looks,
            DiffersSince = hour.DiffersSince?.ToUnixTimeMilliseconds() ?? 0,
        };

        public LedgerHour ToHour() => new()
        {
            Tenant = Tenant,
            From = DateTimeOffset.FromUnixTimeMilliseconds(Hour),
            To = DateTimeOffset.FromUnixTimeMilliseconds(Ends),
            Expected = Expected,
            Recorded = Recorded,
            Dispatched = Dispatched,
            Open = Open,
            Missing = Missing,
            Unexpected = Unexpected,
            Counts = JsonSerializer.Deserialize<HistoryCounts>(Counts, CoreJson.Options) ?? throw new JsonException("Stored counts must not be null."),
            LookedAt = DateTimeOffset.FromUnixTimeMilliseconds(LookedAt),
            Looks = Looks,
            DiffersSince = DiffersSince > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(DiffersSince) : null,
        };
    }

    [Table("ledger_jobs")]
    private sealed class LedgerJobRow
    {
        [Column("tenant"), PrimaryKey(1)]
        public string Tenant { get; set; } = "";

        [Column("hour"), PrimaryKey(2)]
        public long Hour { get; set; }

        [Column("job_id"), PrimaryKey(3)]
        public string JobId { get; set; } = "";

        [Column("difference")]
        public string Difference { get; set; } = "";

        public LedgerJob ToJob() => JsonSerializer.Deserialize<LedgerJob>(Difference, CoreJson.Options) ?? throw new JsonException("A stored difference must not be null.");
    }
}
