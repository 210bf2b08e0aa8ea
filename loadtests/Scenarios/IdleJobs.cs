using System.Diagnostics;
using CronCloud.Core.Jobs;
using CronCloud.TestServers;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Many jobs that are there, each with a URL and a body of 200 bytes, and due once a day at a minute of its own, none within twelve hours. They are written into PostgreSQL directly, and the due index is built of them.</summary>
internal static class IdleJobs
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Whoever looks for jobs that have just changed finds none of them.</summary>
    private static readonly TimeSpan Age = TimeSpan.FromHours(1);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    public static async Task MakeAsync(ClusterInstallation installation, int jobs)
    {
        await CopyAsync(installation.Postgres.ConnectionString, jobs);
        await using var redis = await ConnectAsync(installation);
        await EmptyAsync(redis);
        await UntilWholeAsync(redis, jobs);
    }

    public static Task<ConnectionMultiplexer> ConnectAsync(ClusterInstallation installation) => ConnectionMultiplexer.ConnectAsync(installation.Redis.ConnectionString + ",allowAdmin=true");

    public static async Task EmptyAsync(ConnectionMultiplexer redis) => await redis.GetServers()[0].FlushAllDatabasesAsync();

    /// <summary>Every partition says that it is built, and together they have all entries.</summary>
    public static async Task UntilWholeAsync(ConnectionMultiplexer redis, int jobs)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < Patience)
        {
            var states = await Task.WhenAll(Enumerable.Range(0, Partitions.Count).Select(p => redis.GetDatabase().HashGetAsync($"cc:{{{p}}}:epoch", ["state", "entries"])));
            if (states.All(s => s[0] == "built") && states.Sum(s => (long)s[1]) >= jobs)
                return;
            await Task.Delay(Look, TimeProvider.System);
        }

        throw new TimeoutException($"The index was not whole after {Patience}.");
    }

    private static async Task CopyAsync(string connectionString, int jobs)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var connection = await source.OpenConnectionAsync();
        var now = TimeProvider.System.GetUtcNow();
        await using (var copy = await connection.BeginBinaryImportAsync("COPY jobs (tenant, id, part, version, state, definition, destination, tags, search, next_due, created_at, updated_at) FROM STDIN (FORMAT BINARY)"))
        {
            for (var i = 0; i < jobs; i++)
                await WriteAsync(copy, i, now);
            await copy.CompleteAsync();
        }

        await using var analyze = new NpgsqlCommand("ANALYZE jobs", connection);
        await analyze.ExecuteNonQueryAsync();
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter copy, int i, DateTimeOffset now)
    {
        var made = (now - Age).ToUnixTimeMilliseconds();
        var key = new JobKey("default", $"daily-{i}");
        var minute = (now.Hour * 60) + now.Minute + 720 + (i % 600);
        var body = new string('x', 200);
        var definition = $$$$"""{"tags":{},"schedule":{"cron":"{{{{minute % 60}}}} {{{{minute / 60 % 24}}}} * * *"},"target":{"http":{"url":"https://hooks.invalid/daily-{{{{i}}}}","method":"POST","headers":{},"body":"{{{{body}}}}","timeout":"30s","success":"200-299"}}}""";
        await copy.StartRowAsync();
        await copy.WriteAsync(key.Tenant, NpgsqlDbType.Text);
        await copy.WriteAsync(key.Id, NpgsqlDbType.Text);
        await copy.WriteAsync(key.Partition, NpgsqlDbType.Integer);
        await copy.WriteAsync(1L, NpgsqlDbType.Bigint);
        await copy.WriteAsync((int)JobState.Active, NpgsqlDbType.Integer);
        await copy.WriteAsync(definition, NpgsqlDbType.Text);
        await copy.WriteAsync("hooks.invalid", NpgsqlDbType.Text);
        await copy.WriteAsync("", NpgsqlDbType.Text);
        await copy.WriteAsync(key.Id, NpgsqlDbType.Text);
        await copy.WriteAsync(now.AddMinutes(720 + (i % 600)).ToUnixTimeMilliseconds(), NpgsqlDbType.Bigint);
        await copy.WriteAsync(made, NpgsqlDbType.Bigint);
        await copy.WriteAsync(made, NpgsqlDbType.Bigint);
    }
}
