using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.History;

/// <summary>The tables of the SQLite file, and the steps by which an older file becomes today's. Steps are only ever added; <c>user_version</c> counts those that were taken.</summary>
internal static class SqliteHistorySchema
{
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE IF NOT EXISTS attempts (
          tenant TEXT NOT NULL, job_id TEXT NOT NULL, scheduled_at INTEGER NOT NULL, execution_id TEXT NOT NULL, attempt INTEGER NOT NULL,
          status INTEGER NOT NULL, result INTEGER NOT NULL, trigger INTEGER NOT NULL, started_at INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
          node TEXT NOT NULL, trace_id TEXT NOT NULL, status_code INTEGER NULL, error TEXT NULL, output TEXT NULL, next_attempt_at INTEGER NULL, occurrences INTEGER NOT NULL DEFAULT 1, last_due INTEGER NULL,
          PRIMARY KEY (tenant, job_id, scheduled_at, execution_id, attempt)) WITHOUT ROWID;
        """,
        """
        ALTER TABLE attempts RENAME TO attempts_before;
        DROP INDEX IF EXISTS attempts_newest;
        DROP INDEX IF EXISTS attempts_oldest;
        CREATE TABLE attempts (
          id INTEGER PRIMARY KEY,
          tenant TEXT NOT NULL, job_id TEXT NOT NULL, scheduled_at INTEGER NOT NULL, execution_id TEXT NOT NULL, attempt INTEGER NOT NULL,
          status INTEGER NOT NULL, result INTEGER NOT NULL, trigger INTEGER NOT NULL, dispatched_at INTEGER NULL, dispatched_by TEXT NULL, started_at INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
          node TEXT NOT NULL, trace_id TEXT NOT NULL, status_code INTEGER NULL, error TEXT NULL, output TEXT NULL, next_attempt_at INTEGER NULL, occurrences INTEGER NOT NULL, last_due INTEGER NULL,
          rank INTEGER NOT NULL,
          UNIQUE (tenant, job_id, scheduled_at, execution_id, attempt));
        INSERT INTO attempts (tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, started_at, duration_ms, node, trace_id, status_code, error, output, next_attempt_at, occurrences, last_due, rank)
          SELECT tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, started_at, duration_ms, node, trace_id, status_code, error, output, next_attempt_at, occurrences, last_due,
            CASE WHEN result = 0 THEN 4000000000 WHEN result <= 3 THEN 3000000000 + (status = 3) WHEN result <= 5 THEN MAX(1, occurrences) ELSE 0 END
          FROM attempts_before ORDER BY scheduled_at;
        DROP TABLE attempts_before;
        CREATE INDEX attempts_newest ON attempts (tenant, scheduled_at DESC, execution_id DESC);
        CREATE INDEX attempts_oldest ON attempts (scheduled_at);
        CREATE VIRTUAL TABLE attempts_text USING fts5(output, error, content='', contentless_delete=1, tokenize='trigram case_sensitive 1');
        INSERT INTO attempts_text (rowid, output, error) SELECT id, folded(output), folded(error) FROM attempts WHERE output IS NOT NULL OR error IS NOT NULL;
        """,
    ];

    /// <summary>What has begun is ended, however long it takes: an older file of millions of attempts takes minutes, and given up half way it would begin anew at every start.</summary>
    public static async Task MigrateAsync(SqliteConnection connection, CancellationToken cancellation)
    {
        await RunAsync(connection, "PRAGMA journal_mode=WAL", null, cancellation);
        await MigrateAsync(connection);
    }

    private static async Task MigrateAsync(SqliteConnection connection)
    {
        var cancellation = CancellationToken.None;
        await using var transaction = connection.BeginTransaction();
        var done = await ScalarAsync(connection, "PRAGMA user_version", transaction, cancellation);
        if (done > Steps.Length)
            throw new InvalidOperationException($"The file {connection.DataSource} has schema step {done}; this version of CronCloud knows {Steps.Length}. Run the newer version.");
        for (var step = done; step < Steps.Length; step++)
        {
            await RunAsync(connection, Steps[step], transaction, cancellation);
            if (step == 0)
                await AddRangesAsync(connection, transaction, cancellation);
        }

        await RunAsync(connection, $"PRAGMA user_version = {Steps.Length}", transaction, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Files from before there were steps may lack the two columns of ranges.</summary>
    private static async Task AddRangesAsync(SqliteConnection connection, SqliteTransaction transaction, CancellationToken cancellation)
    {
        if (await ScalarAsync(connection, "SELECT COUNT(*) FROM pragma_table_info('attempts') WHERE name = 'occurrences'", transaction, cancellation) == 0)
            await RunAsync(connection, "ALTER TABLE attempts ADD COLUMN occurrences INTEGER NOT NULL DEFAULT 1; ALTER TABLE attempts ADD COLUMN last_due INTEGER NULL", transaction, cancellation);
    }

    private static async Task RunAsync(SqliteConnection connection, string sql, SqliteTransaction? transaction, CancellationToken cancellation)
    {
        await using var command = new SqliteCommand(sql, connection, transaction);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<int> ScalarAsync(SqliteConnection connection, string sql, SqliteTransaction transaction, CancellationToken cancellation)
    {
        await using var command = new SqliteCommand(sql, connection, transaction);
        return (int)(long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
