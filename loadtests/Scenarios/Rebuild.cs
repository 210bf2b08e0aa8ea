using System.Diagnostics;
using System.Globalization;
using CronCloud.Core.Jobs;
using CronCloud.TestServers;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// Redis emptied (FLUSHALL) under many jobs: how long until the index is whole again, and how late a hundred jobs that are due every second are
/// meanwhile. The many are written into PostgreSQL directly, and due once a day each at a minute of their own.
/// </summary>
internal static class Rebuild
{
    private const int Watched = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    public static async Task<Measured> RunAsync(Arguments arguments)
    {
        await using var installation = await ClusterInstallation.StartAsync();
        await CopyAsync(installation.Postgres.ConnectionString, arguments.Jobs);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(installation.Redis.ConnectionString + ",allowAdmin=true");

        // The first build of the many is a rebuild like the one that is measured.
        await EmptyAsync(redis);
        await UntilWholeAsync(redis, arguments.Jobs);
        var ids = Enumerable.Range(0, Watched).Select(i => $"second-{i}").ToList();
        var start = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 10);
        await JobMaker.MakeAsync(installation, ids.Select(id => new
        {
            id,
            schedule = new { every = "1s", anchor = start.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) },
            target = new { http = new { url = $"{installation.Sink.Url}/ok/{id}" } },
        }));
        await Task.Delay(start.AddSeconds(10) - TimeProvider.System.GetUtcNow(), TimeProvider.System);

        var emptied = Stopwatch.GetTimestamp();
        await EmptyAsync(redis);
        await UntilWholeAsync(redis, arguments.Jobs + Watched);
        var took = Stopwatch.GetElapsedTime(emptied);

        var end = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 5);
        await installation.Sink.UntilAsync(Watched, w => w.ScheduledAt == end, TimeSpan.FromSeconds(30));
        var seconds = (int)(end - start).TotalSeconds + 1;
        var expected = ids.SelectMany(id => Enumerable.Range(0, seconds).Select(s => string.Create(CultureInfo.InvariantCulture, $"{id}@{start.AddSeconds(s):yyyyMMdd'T'HHmmss'Z'}"))).ToList();
        return Measured.Of(expected, [.. installation.Sink.Received.Where(w => w.ScheduledAt <= end)]) with { RebuiltInSeconds = Math.Round(took.TotalSeconds, 1) };
    }

    private static async Task EmptyAsync(ConnectionMultiplexer redis) => await redis.GetServers()[0].FlushAllDatabasesAsync();

    /// <summary>Every partition says that it is built, and together they have all entries.</summary>
    private static async Task UntilWholeAsync(ConnectionMultiplexer redis, int jobs)
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
        var ms = now.ToUnixTimeMilliseconds();
        await using (var copy = await connection.BeginBinaryImportAsync("COPY jobs (tenant, id, part, version, state, definition, destination, tags, search, next_due, created_at, updated_at) FROM STDIN (FORMAT BINARY)"))
        {
            for (var i = 0; i < jobs; i++)
                await WriteAsync(copy, i, now, ms);
            await copy.CompleteAsync();
        }

        await using var analyze = new NpgsqlCommand("ANALYZE jobs", connection);
        await analyze.ExecuteNonQueryAsync();
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter copy, int i, DateTimeOffset now, long ms)
    {
        var key = new JobKey("default", $"daily-{i}");
        var minute = (now.Hour * 60) + now.Minute + 30 + (i % 1200);
        var body = new string('x', 200);
        var definition = $$$$"""{"tags":{},"schedule":{"cron":"{{{{minute % 60}}}} {{{{minute / 60 % 24}}}} * * *"},"target":{"http":{"url":"https://example.com/hooks/daily-{{{{i}}}}","method":"POST","headers":{},"body":"{{{{body}}}}","timeout":"30s","success":"200-299"}}}""";
        await copy.StartRowAsync();
        await copy.WriteAsync(key.Tenant, NpgsqlDbType.Text);
        await copy.WriteAsync(key.Id, NpgsqlDbType.Text);
        await copy.WriteAsync(key.Partition, NpgsqlDbType.Integer);
        await copy.WriteAsync(1L, NpgsqlDbType.Bigint);
        await copy.WriteAsync((int)JobState.Active, NpgsqlDbType.Integer);
        await copy.WriteAsync(definition, NpgsqlDbType.Text);
        await copy.WriteAsync("example.com", NpgsqlDbType.Text);
        await copy.WriteAsync("", NpgsqlDbType.Text);
        await copy.WriteAsync(key.Id, NpgsqlDbType.Text);
        await copy.WriteAsync(ms + ((30L + (i % 1200)) * 60_000), NpgsqlDbType.Bigint);
        await copy.WriteAsync(ms, NpgsqlDbType.Bigint);
        await copy.WriteAsync(ms, NpgsqlDbType.Bigint);
    }
}
