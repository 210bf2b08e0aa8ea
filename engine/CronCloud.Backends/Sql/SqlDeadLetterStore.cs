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
        : database.WriteAsync(db => KeepAsync(db, letters, cancellation), cancellation);

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
            }

            await SqlPendingStore.KeepAsync(db, redriven.ConvertAll(execution => new PendingExecution(execution, due)), cancellation);
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

    private static async Task<int> KeepAsync(DataConnection db, IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        await SqlPendingStore.RemoveAsync(db, [.. letters.Select(l => l.Execution)], cancellation);
        var rows = letters.GroupBy(l => l.Execution.EntryKey).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.MaxBy(l => l.Execution.Attempt)!);
        await SqlValues.ExecuteAsync(
            db,
            rows,
            values =>
                $"""
                INSERT INTO dead_letters (tenant, execution_id, job_id, part, attempt, at, letter)
                SELECT column1, column2, column3, column4, column5, column6, column7 FROM (VALUES {values}) AS letters
                WHERE NOT EXISTS (SELECT 1 FROM pending WHERE pending.tenant = letters.column1 AND pending.execution_id = letters.column2)
                ON CONFLICT (tenant, execution_id) DO UPDATE SET attempt = excluded.attempt, at = excluded.at, letter = excluded.letter
                WHERE dead_letters.attempt < excluded.attempt
                """,
            cancellation,
            (DataType.NVarChar, l => l.Execution.Tenant),
            (DataType.NVarChar, l => l.Execution.ExecutionId),
            (DataType.NVarChar, l => l.Execution.JobId),
            (DataType.Int32, l => l.Execution.Job.Partition),
            (DataType.Int32, l => l.Execution.Attempt),
            (DataType.Int64, l => l.DeadLetteredAt.ToUnixTimeMilliseconds()),
            (DataType.NVarChar, l => JsonSerializer.Serialize(l, CoreJson.Options)));

        return letters.Count;
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
