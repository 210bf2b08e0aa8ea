using CronCloud.Core.Due;
using LinqToDB;
using LinqToDB.Data;

namespace CronCloud.Backends.Sql;

/// <summary>Checkpoints in SQL: one statement for all partitions of a node.</summary>
public sealed class SqlCheckpointStore(SqlDatabase database) : ICheckpointStore
{
    public Task<DateTimeOffset?> ReadAsync(int partition, CancellationToken cancellation) => database.ReadAsync(
        async db => await db.QueryToListAsync<long>("SELECT at FROM checkpoints WHERE part = @part", cancellation, new DataParameter("part", partition)) is [var at]
            ? DateTimeOffset.FromUnixTimeMilliseconds(at)
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
}
