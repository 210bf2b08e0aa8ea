namespace CronCloud.Core;

/// <summary>A part that CronCloud stands on: a server, or the twin in its place.</summary>
public interface IDependency
{
    /// <summary>sql, redis, nats or clickhouse.</summary>
    string Name { get; }

    /// <summary>What stands there, for people: <c>PostgreSQL at 127.0.0.1:5432</c>, <c>twin: SQLite in ./data/croncloud.db</c>. No secrets.</summary>
    string Description { get; }

    /// <summary>Creates or migrates what the product needs there, and returns when it can serve. Throws when it cannot.</summary>
    Task OpenAsync(CancellationToken cancellation);

    /// <summary>Throws when the part cannot serve now.</summary>
    Task ProbeAsync(CancellationToken cancellation);
}
