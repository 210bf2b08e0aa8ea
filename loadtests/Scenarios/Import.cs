using System.Diagnostics;
using System.Globalization;
using System.Text;
using CronCloud.TestServers;
using Npgsql;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// Many jobs imported through the gateway, each with a URL and a body of 200 bytes, due once a day each at a minute of its own: how fast, and what they cost. Then the
/// same once more, which changes nothing, then all of them changed, and the export.
/// </summary>
internal static class Import
{
    private const int LinesPerRequest = 250_000;
    private static readonly string Body = new('x', 200);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task<ImportMeasured> RunAsync(Arguments arguments)
    {
        await using var installation = await JobMaker.StartAsync(arguments);
        using var http = new HttpClient { BaseAddress = installation.Http.BaseAddress, Timeout = Patience };
        var parts = Lines(arguments.Jobs, "hooks");
        var before = await SizesAsync(installation);

        var created = await TimeAsync(http, parts, "created");
        var after = await SizesAsync(installation);
        var unchanged = await TimeAsync(http, parts, "unchanged");
        var updated = await TimeAsync(http, Lines(arguments.Jobs, "hook"), "updated");
        return new ImportMeasured
        {
            Jobs = arguments.Jobs,
            CreatedPerSecond = Math.Round(arguments.Jobs / created.TotalSeconds),
            UnchangedPerSecond = Math.Round(arguments.Jobs / unchanged.TotalSeconds),
            UpdatedPerSecond = Math.Round(arguments.Jobs / updated.TotalSeconds),
            ExportedPerSecond = Math.Round(arguments.Jobs / (await ExportAsync(http, arguments.Jobs)).TotalSeconds),
            RedisBytesPerJob = (after.Redis - before.Redis) / arguments.Jobs,
            PostgresBytesPerJob = (after.Postgres - before.Postgres) / arguments.Jobs,
        };
    }

    private static List<byte[]> Lines(int jobs, string path) =>
        [.. Enumerable.Range(0, jobs).Chunk(LinesPerRequest).Select(part => Encoding.UTF8.GetBytes(string.Concat(part.Select(i => Line(i, path)))))];

    private static string Line(int i, string path) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"id":"daily-{{i}}","schedule":{"cron":"{{i % 60}} {{i / 60 % 24}} * * *"},"target":{"http":{"url":"https://example.com/{{path}}/daily-{{i}}","body":"{{Body}}"} } }{{'\n'}}""");

    private static async Task<TimeSpan> TimeAsync(HttpClient http, List<byte[]> parts, string expected)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var part in parts)
            await ImportRequest.SendAsync(http, part, expected);
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<TimeSpan> ExportAsync(HttpClient http, int jobs)
    {
        var started = Stopwatch.GetTimestamp();
        await using var export = await http.GetStreamAsync(new Uri("/v1/jobs/export", UriKind.Relative));
        var (buffer, lines) = (new byte[64 * 1024], 0);
        while (await export.ReadAsync(buffer) is var read and > 0)
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        return lines == jobs ? Stopwatch.GetElapsedTime(started) : throw new InvalidOperationException($"{lines} jobs were exported.");
    }

    /// <summary>Nothing on the twins: theirs is memory of the process, and a file.</summary>
    private static async Task<(long Redis, long Postgres)> SizesAsync(Installation installation)
    {
        if (installation is not ClusterInstallation cluster)
            return default;
        await using var redis = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(cluster.Redis.ConnectionString + ",allowAdmin=true");
        var memory = (await redis.GetServers()[0].InfoAsync("memory")).SelectMany(section => section).First(entry => entry.Key == "used_memory").Value;
        await using var postgres = NpgsqlDataSource.Create(cluster.Postgres.ConnectionString);
        await using var size = postgres.CreateCommand("SELECT pg_total_relation_size('jobs') + pg_total_relation_size('revisions')");
        return (long.Parse(memory, CultureInfo.InvariantCulture), (long)(await size.ExecuteScalarAsync())!);
    }
}
