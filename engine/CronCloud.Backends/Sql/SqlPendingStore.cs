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
        : database.WriteAsync(
            async db =>
            {
                foreach (var (execution, due) in pending)
                    await KeepAsync(db, execution, due, cancellation);
                return pending.Count;
            },
            cancellation);

    public Task RemoveAsync(IReadOnlyList<Execution> ended, CancellationToken cancellation) => ended.Count == 0
        ? Task.CompletedTask
        : database.WriteAsync(
            async db =>
            {
                foreach (var group in ended.GroupBy(e => (e.Tenant, e.Attempt)))
                {
                    var ids = group.Select(e => e.ExecutionId).ToList();
                    await db.GetTable<PendingRow>().Where(p => p.Tenant == group.Key.Tenant && ids.Contains(p.ExecutionId) && p.Attempt <= group.Key.Attempt).DeleteAsync(cancellation);
                }

                return ended.Count;
            },
            cancellation);

    public Task<IReadOnlyList<PendingExecution>> ReadAsync(int partition, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<PendingExecution>>(
        async db => (await db.GetTable<PendingRow>().Where(p => p.Partition == partition).ToListAsync(cancellation)).ConvertAll(p =>
            new PendingExecution(Core.Executions.Execution.FromJson(Encoding.UTF8.GetBytes(p.Execution)), DateTimeOffset.FromUnixTimeMilliseconds(p.Due))),
        cancellation);

    internal static Task<int> KeepAsync(DataConnection db, Execution execution, DateTimeOffset due, CancellationToken cancellation) => db.ExecuteAsync(
        """
        INSERT INTO pending (tenant, execution_id, part, attempt, due, execution) VALUES (@tenant, @id, @part, @attempt, @due, @execution)
        ON CONFLICT (tenant, execution_id) DO UPDATE SET attempt = excluded.attempt, due = excluded.due, execution = excluded.execution
        WHERE pending.attempt < excluded.attempt
        """,
        cancellation,
        new DataParameter("tenant", execution.Tenant),
        new DataParameter("id", execution.ExecutionId),
        new DataParameter("part", execution.Job.Partition),
        new DataParameter("attempt", execution.Attempt),
        new DataParameter("due", due.ToUnixTimeMilliseconds()),
        new DataParameter("execution", Encoding.UTF8.GetString(execution.ToJson())));

    [Table("pending")]
    internal sealed class PendingRow
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
