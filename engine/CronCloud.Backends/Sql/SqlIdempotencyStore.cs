using CronCloud.Core.Jobs;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

/// <summary>Idempotency keys and answers, in SQL.</summary>
public sealed class SqlIdempotencyStore(SqlDatabase database) : IIdempotencyStore
{
    /// <summary>The status of a row that has no answer yet.</summary>
    private const int NoAnswer = 0;

    public Task<Reservation> ReserveAsync(string tenant, string key, string requestHash, DateTimeOffset now, DateTimeOffset notBefore, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var taken = await db.ExecuteAsync(
                """
                INSERT INTO idempotency (tenant, request_key, request_hash, status, body, at) VALUES (@tenant, @key, @hash, 0, '', @at)
                ON CONFLICT (tenant, request_key) DO UPDATE SET request_hash = excluded.request_hash, status = 0, location = NULL, etag = NULL, body = '', at = excluded.at
                WHERE idempotency.at < @since
                """,
                cancellation,
                new DataParameter("tenant", tenant),
                new DataParameter("key", key),
                new DataParameter("hash", requestHash),
                new DataParameter("at", now.ToUnixTimeMilliseconds()),
                new DataParameter("since", notBefore.ToUnixTimeMilliseconds()));
            var row = await db.GetTable<KeyRow>().FirstAsync(k => k.Tenant == tenant && k.Key == key, cancellation);
            var answer = row.Status == NoAnswer ? null : new StoredAnswer(row.Status, row.Location, row.ETag, row.Body);
            return new Reservation(row.RequestHash, DateTimeOffset.FromUnixTimeMilliseconds(row.At), taken == 1, answer);
        },
        cancellation);

    public Task AnswerAsync(string tenant, string key, Reservation reservation, StoredAnswer answer, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var at = reservation.At.ToUnixTimeMilliseconds();
            return await db.GetTable<KeyRow>()
                .Where(k => k.Tenant == tenant && k.Key == key && k.At == at && k.RequestHash == reservation.RequestHash && k.Status == NoAnswer)
                .Set(k => k.Status, answer.Status)
                .Set(k => k.Location, answer.Location)
                .Set(k => k.ETag, answer.ETag)
                .Set(k => k.Body, answer.Body)
                .UpdateAsync(cancellation);
        },
        cancellation);

    public Task PruneAsync(DateTimeOffset before, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var until = before.ToUnixTimeMilliseconds();
            return await db.GetTable<KeyRow>().Where(k => k.At < until).DeleteAsync(cancellation);
        },
        cancellation);

    [Table("idempotency")]
    private sealed class KeyRow
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
