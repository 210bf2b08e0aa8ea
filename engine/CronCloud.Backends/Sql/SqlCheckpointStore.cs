using CronCloud.Core.Due;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

/// <summary>Checkpoints in SQL: one statement for all partitions of a node.</summary>
public sealed class SqlCheckpointStore(SqlDatabase database) : ICheckpointStore
{
    public Task<DateTimeOffset?> ReadAsync(int partition, CancellationToken cancellation) => database.ReadAsync(
        async db => await db.GetTable<CheckpointRow>().FirstOrDefaultAsync(c => c.Partition == partition, cancellation) is { } row
            ? DateTimeOffset.FromUnixTimeMilliseconds(row.At)
            : (DateTimeOffset?)null,
        cancellation);

    public Task WriteAsync(IReadOnlyDictionary<int, DateTimeOffset> checkpoints, CancellationToken cancellation)
    {
        if (checkpoints.Count == 0)
            return Task.CompletedTask;
        var values = string.Join(", ", checkpoints.OrderBy(c => c.Key).Select(c => $"({c.Key}, {c.Value.ToUnixTimeMilliseconds()})"));
        return database.WriteAsync(
            db => db.ExecuteAsync($"INSERT INTO checkpoints (part, at) VALUES {values} ON CONFLICT (part) DO UPDATE SET at = excluded.at WHERE checkpoints.at < excluded.at", cancellation),
            cancellation);
    }

    [Table("checkpoints")]
    private sealed class CheckpointRow
    {
        [Column("part"), PrimaryKey]
        public int Partition { get; set; }

        [Column("at")]
        public long At { get; set; }
    }
}
