using System.Text;
using CronCloud.Core.Executions;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

/// <summary>Executions that no schedule can tell again, in SQL.</summary>
public sealed class SqlPendingStore(SqlDatabase database) : IPendingStore
{
    public Task KeepAsync(IReadOnlyList<PendingExecution> pending, CancellationToken cancellation) => pending.Count == 0
        ? Task.CompletedTask
        : database.WriteAsync(db => KeepAsync(db, pending, cancellation), cancellation);

    public Task RemoveAsync(IReadOnlyList<Execution> ended, CancellationToken cancellation) => ended.Count == 0
        ? Task.CompletedTask
        : database.WriteAsync(db => RemoveAsync(db, ended, cancellation), cancellation);

    public Task<IReadOnlyList<PendingExecution>> ReadAsync(int partition, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<PendingExecution>>(
        async db => (await db.QueryToListAsync<PendingRow>("SELECT due, execution FROM pending WHERE part = @part", cancellation, new DataParameter("part", partition))).ConvertAll(p =>
            new PendingExecution(Core.Executions.Execution.FromJson(Encoding.UTF8.GetBytes(p.Execution)), DateTimeOffset.FromUnixTimeMilliseconds(p.Due))),
        cancellation);

    /// <summary>One row per execution, its highest attempt, in the order of keys: two writers of the same rows wait for each other and for nothing else.</summary>
    internal static async Task<int> KeepAsync(DataConnection db, IReadOnlyList<PendingExecution> pending, CancellationToken cancellation)
    {
        var rows = pending.GroupBy(p => p.Execution.EntryKey).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.MaxBy(p => p.Execution.Attempt)!);
        await SqlValues.ExecuteAsync(
            db,
            rows,
            values =>
                $"""
                INSERT INTO pending (tenant, execution_id, part, attempt, due, execution) VALUES {values}
                ON CONFLICT (tenant, execution_id) DO UPDATE SET attempt = excluded.attempt, due = excluded.due, execution = excluded.execution
                WHERE pending.attempt < excluded.attempt
                """,
            cancellation,
            (DataType.NVarChar, p => p.Execution.Tenant),
            (DataType.NVarChar, p => p.Execution.ExecutionId),
            (DataType.Int32, p => p.Execution.Job.Partition),
            (DataType.Int32, p => p.Execution.Attempt),
            (DataType.Int64, p => p.Due.ToUnixTimeMilliseconds()),
            (DataType.NVarChar, p => Encoding.UTF8.GetString(p.Execution.ToJson())));

        return pending.Count;
    }

    internal static async Task<int> RemoveAsync(DataConnection db, IReadOnlyList<Execution> ended, CancellationToken cancellation)
    {
        foreach (var group in ended.GroupBy(e => (e.Tenant, e.Attempt)).OrderBy(g => g.Key))
        {
            var ids = group.Select(e => e.ExecutionId).Order(StringComparer.Ordinal).ToList();
            await db.GetTable<PendingRow>().Where(p => p.Tenant == group.Key.Tenant && ids.Contains(p.ExecutionId) && p.Attempt <= group.Key.Attempt).DeleteAsync(cancellation);
        }

        return ended.Count;
    }

    [Table("pending")]
    private sealed class PendingRow
    {
        [Column("tenant"), PrimaryKey(1)]
        public string Tenant { get; set; } = "";

        [Column("execution_id"), PrimaryKey(2)]
        public string ExecutionId { get; set; } = "";

        [Column("part")]
        public int Partition { get; set; }

        [Column("attempt")]
        public int Attempt { get; set; }

        [Column("due")]
        public long Due { get; set; }

        [Column("execution")]
        public string Execution { get; set; } = "";
    }
}
