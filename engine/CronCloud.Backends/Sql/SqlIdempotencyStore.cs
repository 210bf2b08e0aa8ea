using CronCloud.Core.Jobs;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

/// <summary>Answers to idempotent requests, in SQL.</summary>
public sealed class SqlIdempotencyStore(SqlDatabase database) : IIdempotencyStore
{
    public Task<StoredAnswer?> FindAsync(string tenant, string key, DateTimeOffset notBefore, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var since = notBefore.ToUnixTimeMilliseconds();
            var row = await db.GetTable<AnswerRow>().FirstOrDefaultAsync(a => a.Tenant == tenant && a.Key == key && a.At >= since, cancellation);
            return row is null ? null : new StoredAnswer(row.RequestHash, row.Status, row.Location, row.ETag, row.Body, DateTimeOffset.FromUnixTimeMilliseconds(row.At));
        },
        cancellation);

    public Task KeepAsync(string tenant, string key, StoredAnswer answer, CancellationToken cancellation) => database.WriteAsync(
        db => db.ExecuteAsync(
            """
            INSERT INTO idempotency (tenant, request_key, request_hash, status, location, etag, body, at) VALUES (@tenant, @key, @hash, @status, @location, @etag, @body, @at)
            ON CONFLICT (tenant, request_key) DO NOTHING
            """,
            cancellation,
            new DataParameter("tenant", tenant),
            new DataParameter("key", key),
            new DataParameter("hash", answer.RequestHash),
            new DataParameter("status", answer.Status),
            new DataParameter("location", answer.Location, DataType.NVarChar),
            new DataParameter("etag", answer.ETag, DataType.NVarChar),
            new DataParameter("body", answer.Body),
            new DataParameter("at", answer.At.ToUnixTimeMilliseconds())),
        cancellation);

    public Task PruneAsync(DateTimeOffset before, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var until = before.ToUnixTimeMilliseconds();
            return await db.GetTable<AnswerRow>().Where(a => a.At < until).DeleteAsync(cancellation);
        },
        cancellation);

    [Table("idempotency")]
    private sealed class AnswerRow
    {
        [Column("tenant"), PrimaryKey(1)]
        public string Tenant { get; set; } = "";

        [Column("request_key"), PrimaryKey(2)]
        public string Key { get; set; } = "";

        [Column("request_hash")]
        public string RequestHash { get; set; } = "";

        [Column("status")]
        public int Status { get; set; }

        [Column("location")]
        public string? Location { get; set; }

        [Column("etag")]
        public string? ETag { get; set; }

        [Column("body")]
        public string Body { get; set; } = "";

        [Column("at")]
        public long At { get; set; }
    }
}
