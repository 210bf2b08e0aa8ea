using LinqToDB.Data;

namespace CronCloud.Backends.Sql;

/// <summary>The tables of the record, and the steps by which an older schema becomes today's. Steps are only ever added.</summary>
internal static class SqlSchema
{
    /// <summary>Nodes that start together migrate one after the other (an advisory lock of this number).</summary>
    private const long MigrationLock = 0x43726f6e;

    private static readonly string[] Steps =
    [
        """
        CREATE TABLE jobs (
          tenant TEXT COLLATE {C} NOT NULL, id TEXT COLLATE {C} NOT NULL, part INTEGER NOT NULL, version BIGINT NOT NULL, state INTEGER NOT NULL,
          definition TEXT NOT NULL, destination TEXT NOT NULL, tags TEXT NOT NULL, search TEXT NOT NULL,
          ends_at BIGINT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
          PRIMARY KEY (tenant, id));
        CREATE INDEX jobs_active ON jobs (part) WHERE state = 0;
        CREATE TABLE revisions (
          tenant TEXT COLLATE {C} NOT NULL, job_id TEXT COLLATE {C} NOT NULL, version BIGINT NOT NULL, at BIGINT NOT NULL, made_by TEXT NOT NULL, action TEXT NOT NULL, definition TEXT NOT NULL,
          PRIMARY KEY (tenant, job_id, version));
        CREATE TABLE checkpoints (part INTEGER PRIMARY KEY, at BIGINT NOT NULL);
        CREATE TABLE pending (
          tenant TEXT COLLATE {C} NOT NULL, execution_id TEXT COLLATE {C} NOT NULL, part INTEGER NOT NULL, attempt INTEGER NOT NULL, due BIGINT NOT NULL, execution TEXT NOT NULL,
          PRIMARY KEY (tenant, execution_id));
        CREATE INDEX pending_part ON pending (part);
        CREATE TABLE idempotency (
          tenant TEXT COLLATE {C} NOT NULL, request_key TEXT COLLATE {C} NOT NULL, request_hash TEXT NOT NULL, status INTEGER NOT NULL, location TEXT NULL, etag TEXT NULL, body TEXT NOT NULL, at BIGINT NOT NULL,
          PRIMARY KEY (tenant, request_key));
        CREATE INDEX idempotency_at ON idempotency (at);
        """,
        """
        ALTER TABLE jobs ADD COLUMN next_due BIGINT NULL;
        UPDATE jobs SET next_due = 0 WHERE state = 0;
        DROP INDEX jobs_active;
        CREATE INDEX jobs_due ON jobs (part, next_due, tenant, id) WHERE state = 0;
        CREATE TABLE dead_letters (
          tenant TEXT COLLATE {C} NOT NULL, execution_id TEXT COLLATE {C} NOT NULL, job_id TEXT COLLATE {C} NOT NULL, part INTEGER NOT NULL, attempt INTEGER NOT NULL, at BIGINT NOT NULL,
          letter TEXT NOT NULL,
          PRIMARY KEY (tenant, execution_id));
        CREATE INDEX dead_letters_newest ON dead_letters (tenant, at DESC, execution_id DESC);
        CREATE INDEX dead_letters_of_job ON dead_letters (tenant, job_id, at DESC, execution_id DESC);
        """,
        """
        CREATE INDEX jobs_changed ON jobs (part, updated_at, tenant, id);
        ALTER TABLE revisions ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
        UPDATE revisions SET state = 1 WHERE action = 'paused';
        UPDATE revisions SET state = 3 WHERE action = 'deleted';
        """,
        """
        CREATE TABLE channels (
          tenant TEXT COLLATE {C} NOT NULL, id TEXT COLLATE {C} NOT NULL, version BIGINT NOT NULL, target TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
          PRIMARY KEY (tenant, id));
        """,
        """
        CREATE TABLE ledger_hours (
          tenant TEXT COLLATE {C} NOT NULL, hour BIGINT NOT NULL, ends BIGINT NOT NULL, expected BIGINT NOT NULL, recorded BIGINT NOT NULL, dispatched BIGINT NOT NULL,
          still_open BIGINT NOT NULL, missing BIGINT NOT NULL, unexpected BIGINT NOT NULL, may_change INTEGER NOT NULL, counts TEXT NOT NULL, looked_at BIGINT NOT NULL, looks INTEGER NOT NULL,
          PRIMARY KEY (tenant, hour));
        CREATE INDEX ledger_hours_unsettled ON ledger_hours (hour, tenant) WHERE may_change = 1;
        CREATE TABLE ledger_jobs (
          tenant TEXT COLLATE {C} NOT NULL, hour BIGINT NOT NULL, job_id TEXT COLLATE {C} NOT NULL, difference TEXT NOT NULL,
          PRIMARY KEY (tenant, hour, job_id));
        """,
        """
        CREATE TABLE job_health (
          tenant TEXT COLLATE {C} NOT NULL, job_id TEXT COLLATE {C} NOT NULL, version BIGINT NOT NULL, is_calm INTEGER NOT NULL, at BIGINT NOT NULL, health TEXT NOT NULL,
          PRIMARY KEY (tenant, job_id));
        CREATE INDEX job_health_calm ON job_health (at) WHERE is_calm = 1;
        CREATE INDEX job_health_troubled ON job_health (at) WHERE is_calm = 0;
        CREATE TABLE incidents (
          tenant TEXT COLLATE {C} NOT NULL, id TEXT COLLATE {C} NOT NULL, job_id TEXT COLLATE {C} NOT NULL, version BIGINT NOT NULL, state INTEGER NOT NULL,
          opened_at BIGINT NOT NULL, resolved_at BIGINT NOT NULL, incident TEXT NOT NULL,
          PRIMARY KEY (tenant, id));
        CREATE UNIQUE INDEX incidents_open ON incidents (tenant, job_id) WHERE state < 2;
        CREATE INDEX incidents_newest ON incidents (tenant, opened_at DESC, id DESC);
        CREATE INDEX incidents_of_job ON incidents (tenant, job_id, opened_at DESC, id DESC);
        CREATE INDEX incidents_resolved ON incidents (resolved_at) WHERE state = 2;
        CREATE TABLE incident_events (
          tenant TEXT COLLATE {C} NOT NULL, incident_id TEXT COLLATE {C} NOT NULL, event_key TEXT COLLATE {C} NOT NULL, at BIGINT NOT NULL, kind INTEGER NOT NULL, event TEXT NOT NULL,
          PRIMARY KEY (tenant, incident_id, event_key));
        CREATE TABLE notifications (
          id TEXT COLLATE {C} PRIMARY KEY, tenant TEXT COLLATE {C} NOT NULL, job_id TEXT COLLATE {C} NOT NULL, incident_id TEXT COLLATE {C} NOT NULL, kind INTEGER NOT NULL,
          due BIGINT NOT NULL, channel TEXT COLLATE {C} NOT NULL, is_held INTEGER NOT NULL);
        CREATE INDEX notifications_due ON notifications (due) WHERE channel = '';
        CREATE INDEX notifications_waiting ON notifications (tenant, channel, due) WHERE channel <> '';
        CREATE INDEX notifications_not_held ON notifications (tenant, channel) WHERE channel <> '' AND is_held = 0;
        CREATE TABLE channel_allowances (
          tenant TEXT COLLATE {C} NOT NULL, channel TEXT COLLATE {C} NOT NULL, full_at BIGINT NOT NULL,
          PRIMARY KEY (tenant, channel));
        CREATE TABLE alert_messages (
          tenant TEXT COLLATE {C} NOT NULL, id TEXT COLLATE {C} NOT NULL, channel TEXT COLLATE {C} NOT NULL, channel_kind INTEGER NOT NULL, version BIGINT NOT NULL, tries INTEGER NOT NULL, due BIGINT NOT NULL,
          message TEXT NOT NULL, incidents TEXT NOT NULL, remaining TEXT NOT NULL,
          PRIMARY KEY (tenant, id));
        CREATE INDEX alert_messages_due ON alert_messages (channel_kind, due);
        """,
        "ALTER TABLE ledger_hours ADD COLUMN differs_since BIGINT NOT NULL DEFAULT 0;",
    ];

    public static async Task<int> MigrateAsync(DataConnection db, bool isSqlite, CancellationToken cancellation)
    {
        if (!isSqlite)
            await db.ExecuteAsync($"SELECT pg_advisory_xact_lock({MigrationLock})", cancellation);
        await db.ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_steps (step INTEGER PRIMARY KEY)", cancellation);
        var done = await db.ExecuteAsync<int>("SELECT COUNT(*) FROM schema_steps", cancellation);
        if (done > Steps.Length)
            throw new InvalidOperationException($"The database has schema step {done}; this version of CronCloud knows {Steps.Length}. Run the newer version.");
        for (var step = done; step < Steps.Length; step++)
        {
            await db.ExecuteAsync(Steps[step].Replace("{C}", isSqlite ? "BINARY" : "\"C\"", StringComparison.Ordinal), cancellation);
            await db.ExecuteAsync($"INSERT INTO schema_steps (step) VALUES ({step})", cancellation);
        }

        return Steps.Length;
    }
}
