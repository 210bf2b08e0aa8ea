using CronCloud.Backends.DueIndex;
using CronCloud.Backends.History;
using CronCloud.Backends.Sql;
using CronCloud.Backends.Streams;
using CronCloud.Core;
using CronCloud.Core.Alerts;
using CronCloud.Core.Clocks;
using CronCloud.Core.Cluster;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Ledger;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;

namespace CronCloud.Node.Hosting;

/// <summary>Each seam: the real part when its connection string is set, else its twin. A role brings only the parts that it needs.</summary>
internal static class BackendHosting
{
    public static void AddBackends(this IServiceCollection services, NodeSettings settings)
    {
        var schedules = settings.Has("gateway") || settings.Has("scheduler");
        var carries = settings.Has("scheduler") || settings.Has("worker") || settings.Has("recorder");
        if (schedules || settings.Has("recorder"))
            services.AddSql(settings);
        if (schedules)
            services.AddDueIndex(settings);

        if (carries)
            services.AddStreams(settings);
        if (settings.Has("gateway") || settings.Has("scheduler") || settings.Has("recorder"))
            services.AddHistory(settings);
    }

    private static void AddSql(this IServiceCollection services, NodeSettings settings)
    {
        services.AddSingleton(_ => settings.Sql is { } sql ? Read("sql", sql, SqlDatabase.PostgreSql) : SqlDatabase.Sqlite(Path.Combine(settings.DataDirectory, "record.db")));
        services.AddDependency<SqlDatabase>();
        if (settings.Sql is not null)
            services.AddSingleton<IReferenceClock>(s => s.GetRequiredService<SqlDatabase>());
        services.AddSingleton<IJobStore, SqlJobStore>();
        services.AddSingleton<IPendingStore, SqlPendingStore>();
        services.AddSingleton<IDeadLetterStore, SqlDeadLetterStore>();
        services.AddSingleton<ICheckpointStore, SqlCheckpointStore>();
        services.AddSingleton<IIdempotencyStore, SqlIdempotencyStore>();
        services.AddSingleton<IRevisionLog, SqlRevisionLog>();
        services.AddSingleton<ILedgerStore, SqlLedgerStore>();
        services.AddSingleton<IIncidentStore, SqlIncidentStore>();
        services.AddSingleton<INotificationStore, SqlNotificationStore>();
    }

    private static void AddDueIndex(this IServiceCollection services, NodeSettings settings)
    {
        if (settings.Redis is { } redis)
        {
            services.AddSingleton(_ => Read("redis", redis, text => new RedisConnection(text)));
            services.AddDependency<RedisConnection>();
            services.AddSingleton<IReferenceClock>(s => s.GetRequiredService<RedisConnection>());
            services.AddSingleton<RedisDueIndex>();
            services.AddSingleton<IDueIndex>(s => s.GetRequiredService<RedisDueIndex>());
            services.AddSingleton<IPartitionLeases>(s => s.GetRequiredService<RedisDueIndex>());
            services.AddSingleton<IRoster>(s => s.GetRequiredService<RedisDueIndex>());
        }
        else
        {
            services.AddSingleton<IDependency>(new MemoryDependency());
            services.AddSingleton<IDueIndex, MemoryDueIndex>();
            services.AddSingleton<MemoryLeases>();
            services.AddSingleton<IPartitionLeases>(s => s.GetRequiredService<MemoryLeases>());
            services.AddSingleton<IRoster>(s => s.GetRequiredService<MemoryLeases>());
        }
    }

    private static void AddStreams(this IServiceCollection services, NodeSettings settings)
    {
        if (settings.Nats is { } nats)
        {
            services.AddSingleton(_ => Read("nats", nats, text => new JetStreamConnection(text)));
            services.AddDependency<JetStreamConnection>();
            services.AddSingleton<IExecutionQueue, JetStreamExecutionQueue>();
            services.AddSingleton<IOutcomeStream, JetStreamOutcomeStream>();
            services.AddSingleton<ISubjectPublisher, NatsSubjectPublisher>();
            services.AddSingleton<ITargetCaller, NatsTargetCaller>();
        }
        else
        {
            services.AddSingleton(s => new SqliteStreamFile(Path.Combine(settings.DataDirectory, "streams.db"), s.GetRequiredService<TimeProvider>()));
            services.AddDependency<SqliteStreamFile>();
            services.AddSingleton<IExecutionQueue, SqliteExecutionQueue>();
            services.AddSingleton<IOutcomeStream, SqliteOutcomeStream>();
            services.AddSingleton<ITargetCaller, UnconfiguredNats>();
        }
    }

    private static void AddHistory(this IServiceCollection services, NodeSettings settings)
    {
        if (settings.ClickHouse is { } clickHouse)
        {
            services.AddSingleton(s => Read("clickhouse", clickHouse, text => new ClickHouseHistory(text, s.GetRequiredService<TimeProvider>())));
            services.AddDependency<ClickHouseHistory>();
            services.AddSingleton<IHistory>(s => s.GetRequiredService<ClickHouseHistory>());
            services.AddSingleton<ILedgerHistory>(s => new ClickHouseLedger(clickHouse, s.GetRequiredService<TimeProvider>()));
        }
        else
        {
            services.AddSingleton(s => new SqliteHistory(Path.Combine(settings.DataDirectory, "history.db"), s.GetRequiredService<TimeProvider>()));
            services.AddDependency<SqliteHistory>();
            services.AddSingleton<IHistory>(s => s.GetRequiredService<SqliteHistory>());
            services.AddSingleton<ILedgerHistory>(_ => new SqliteLedger(Path.Combine(settings.DataDirectory, "history.db")));
        }
    }

    /// <summary>The text may hold a password: it is not repeated.</summary>
    private static T Read<T>(string name, string text, Func<string, T> read)
    {
        try
        {
            return read(text);
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException or UriFormatException or OverflowException or InvalidCastException)
        {
            throw new SettingException($"ConnectionStrings__{name} cannot be read: {wrong.Message.Split('\n', 2)[0]}");
        }
    }

    private static void AddDependency<T>(this IServiceCollection services)
        where T : class, IDependency => services.AddSingleton<IDependency>(s => s.GetRequiredService<T>());

    private sealed class MemoryDependency : IDependency
    {
        public string Name => "redis";

        public string Description => "twin: in memory, built from the record at start";

        public Task OpenAsync(CancellationToken cancellation) => Task.CompletedTask;

        public Task ProbeAsync(CancellationToken cancellation) => Task.CompletedTask;
    }
}
