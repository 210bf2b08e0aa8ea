using CronCloud.Core.Ledger;
using CronCloud.Core.Schedules;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.History;

/// <summary>What history's twin has of the occurrences that schedules named: the same file, read only.</summary>
public sealed class SqliteLedger(string path) : ILedgerHistory
{
    /// <summary>Of what a schedule named: an execution that was asked for has a nonce behind the Z of its due time.</summary>
    private const string OfSchedule = "tenant = $tenant AND trigger IN (0, 4) AND execution_id LIKE '%Z'";

    private readonly string _connectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10 }.ToString();

    public Task<bool> IsWholeAsync(CancellationToken cancellation) => Task.FromResult(true);

    public Task<IReadOnlyList<RecordedJob>> CountByJobAsync(string tenant, JobRange jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => ReadAsync(
        $"""
        SELECT job_id, COUNT(*), SUM(scheduled_at), SUM(last > 0) FROM (
          SELECT job_id, scheduled_at, MAX(attempt) AS last FROM attempts
          WHERE {OfSchedule} AND scheduled_at >= $from AND scheduled_at < $to AND job_id > $after AND ($upTo IS NULL OR job_id <= $upTo)
          GROUP BY job_id, scheduled_at)
        GROUP BY job_id
        """,
        [("$tenant", tenant), ("$after", jobs.After ?? ""), ("$upTo", (object?)jobs.UpTo ?? DBNull.Value), ("$from", from.ToUnixTimeMilliseconds()), ("$to", to.ToUnixTimeMilliseconds())],
        row => new RecordedJob(row.GetString(0), new DueTally(row.GetInt64(1), row.GetInt64(2)), row.GetInt64(3)),
        cancellation);

    public Task<IReadOnlyList<RecordedDue>> ListDueAsync(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => ReadAsync(
        $"""
        SELECT DISTINCT job_id, scheduled_at, scheduled_at FROM attempts
        WHERE {OfSchedule} AND scheduled_at >= $from AND scheduled_at < $to AND job_id IN (SELECT value FROM json_each($jobs))
        """,
        Parameters(tenant, jobs, from, to),
        ReadDue,
        cancellation);

    public Task<IReadOnlyList<RecordedDue>> ListRangesAsync(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) => ReadAsync(
        $"""
        SELECT job_id, scheduled_at, last_due FROM attempts
        WHERE {OfSchedule} AND occurrences > 1 AND scheduled_at < $to AND last_due >= $from AND job_id IN (SELECT value FROM json_each($jobs))
        """,
        Parameters(tenant, jobs, from, to),
        ReadDue,
        cancellation);

    private static (string, object)[] Parameters(string tenant, IReadOnlyCollection<string> jobs, DateTimeOffset from, DateTimeOffset to) =>
        [("$tenant", tenant), ("$jobs", System.Text.Json.JsonSerializer.Serialize(jobs)), ("$from", from.ToUnixTimeMilliseconds()), ("$to", to.ToUnixTimeMilliseconds())];

    private static RecordedDue ReadDue(SqliteDataReader row) =>
        new(row.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)));

    private async Task<IReadOnlyList<T>> ReadAsync<T>(string sql, (string Name, object Value)[] parameters, Func<SqliteDataReader, T> read, CancellationToken cancellation)
    {
        await using var connection = new SqliteConnection(_connectionString);
        await connection.OpenAsync(cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            rows.Add(read(reader));
        return rows;
    }
}
