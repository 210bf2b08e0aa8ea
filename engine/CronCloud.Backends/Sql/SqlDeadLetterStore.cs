using System.Text.Json;
using CronCloud.Core;
using CronCloud.Core.Executions;
using CronCloud.Core.Json;
using CronCloud.Core.Outcomes;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

/// <summary>Dead letters in SQL.</summary>
public sealed class SqlDeadLetterStore(SqlDatabase database) : IDeadLetterStore
{
    public Task KeepAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation) => letters.Count == 0
        ? Task.CompletedTask
        : database.WriteAsync(
            async db =>
            {
                foreach (var letter in letters)
                    await KeepAsync(db, letter, cancellation);
                return letters.Count;
            },
            cancellation);

    public Task<DeadLetter?> FindAsync(string tenant, string executionId, CancellationToken cancellation) => database.ReadAsync(
        async db => await db.GetTable<DeadLetterRow>().FirstOrDefaultAsync(d => d.Tenant == tenant && d.ExecutionId == executionId, cancellation) is { } row ? row.ToLetter() : null,
        cancellation);

    public Task<Page<DeadLetter>> ListAsync(DeadLetterQuery query, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var rows = await Filter(db.GetTable<DeadLetterRow>(), query).OrderByDescending(d => d.At).ThenByDescending(d => d.ExecutionId).Take(query.Limit + 1).ToListAsync(cancellation);
            var page = rows.Take(query.Limit).ToList();
            return new Page<DeadLetter>(page.ConvertAll(r => r.ToLetter()), rows.Count > query.Limit ? Cursor.Of($"{page[^1].At}/{page[^1].ExecutionId}") : null);
        },
        cancellation);

    public Task<IReadOnlyList<Execution>> RedriveAsync(IReadOnlyList<DeadLetter> letters, DateTimeOffset due, CancellationToken cancellation) => database.WriteAsync<IReadOnlyList<Execution>>(
        async db =>
        {
            var redriven = new List<Execution>();
            foreach (var letter in letters)
            {
                var (tenant, id, attempt) = (letter.Execution.Tenant, letter.Execution.ExecutionId, letter.Execution.Attempt);
                if (await db.GetTable<DeadLetterRow>().Where(d => d.Tenant == tenant && d.ExecutionId == id && d.Attempt == attempt).DeleteAsync(cancellation) == 0)
                    continue;
                redriven.Add(letter.Redriven());
                await SqlPendingStore.KeepAsync(db, redriven[^1], due, cancellation);
            }

            return redriven;
        },
        cancellation);

    public Task<bool> DiscardAsync(string tenant, string executionId, CancellationToken cancellation) => database.WriteAsync(
        async db => await db.GetTable<DeadLetterRow>().Where(d => d.Tenant == tenant && d.ExecutionId == executionId).DeleteAsync(cancellation) == 1,
        cancellation);

    private static IQueryable<DeadLetterRow> Filter(IQueryable<DeadLetterRow> letters, DeadLetterQuery query)
    {
        letters = letters.Where(d => d.Tenant == query.Tenant);
        if (query.JobId is { } job)
            letters = letters.Where(d => d.JobId == job);
        if (query.Before?.ToUnixTimeMilliseconds() is { } before)
            letters = letters.Where(d => d.At < before);
        if (query.Cursor is { } cursor)
        {
            var (at, id) = DeadLetterQuery.ReadCursor(cursor);
            letters = letters.Where(d => d.At < at || (d.At == at && d.ExecutionId.CompareTo(id) < 0));
        }

        return letters;
    }

    private static async Task KeepAsync(DataConnection db, DeadLetter letter, CancellationToken cancellation)
    {
        var (tenant, id, attempt) = (letter.Execution.Tenant, letter.Execution.ExecutionId, letter.Execution.Attempt);
        await db.GetTable<SqlPendingStore.PendingRow>().Where(p => p.Tenant == tenant && p.ExecutionId == id && p.Attempt <= attempt).DeleteAsync(cancellation);
        await db.ExecuteAsync(
            """
            INSERT INTO dead_letters (tenant, execution_id, job_id, part, attempt, at, letter)
            SELECT @tenant, @id, @job, @part, @attempt, @at, @letter
            WHERE NOT EXISTS (SELECT 1 FROM pending WHERE tenant = @tenant AND execution_id = @id)
            ON CONFLICT (tenant, execution_id) DO UPDATE SET attempt = excluded.attempt, at = excluded.at, letter = excluded.letter
            WHERE dead_letters.attempt < excluded.attempt
            """,
            cancellation,
            new DataParameter("tenant", tenant, DataType.NVarChar),
            new DataParameter("id", id, DataType.NVarChar),
            new DataParameter("job", letter.Execution.JobId, DataType.NVarChar),
            new DataParameter("part", letter.Execution.Job.Partition, DataType.Int32),
            new DataParameter("attempt", attempt, DataType.Int32),
            new DataParameter("at", letter.DeadLetteredAt.ToUnixTimeMilliseconds(), DataType.Int64),
            new DataParameter("letter", JsonSerializer.Serialize(letter, CoreJson.Options), DataType.NVarChar));
    }

    [Table("dead_letters")]
    private sealed class DeadLetterRow
    {
        [Column("tenant"), PrimaryKey(1)]
        public string Tenant { get; set; } = "";

        [Column("execution_id"), PrimaryKey(2)]
        public string ExecutionId { get; set; } = "";

        [Column("job_id")]
        public string JobId { get; set; } = "";

        [Column("attempt")]
        public int Attempt { get; set; }

        [Column("at")]
        public long At { get; set; }

        [Column("letter")]
        public string Letter { get; set; } = "";

        public DeadLetter ToLetter() => JsonSerializer.Deserialize<DeadLetter>(Letter, CoreJson.Options) ?? throw new JsonException("A stored dead letter must not be null.");
    }
}
