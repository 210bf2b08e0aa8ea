using System.Diagnostics;
using System.Globalization;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// Redis emptied (FLUSHALL) under many jobs: how long until the index is whole again, and how late a hundred jobs that are due every second are
/// meanwhile.
/// </summary>
internal static class Rebuild
{
    private const int Watched = 100;

    public static async Task<Measured> RunAsync(Arguments arguments)
    {
        await using var installation = await ClusterInstallation.StartAsync();
        await IdleJobs.MakeAsync(installation, arguments.Jobs);
        await using var redis = await IdleJobs.ConnectAsync(installation);
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
        await IdleJobs.EmptyAsync(redis);
        await IdleJobs.UntilWholeAsync(redis, arguments.Jobs + Watched);
        var took = Stopwatch.GetElapsedTime(emptied);

        var end = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 5);
        await installation.Sink.UntilAsync(Watched, w => w.ScheduledAt == end, TimeSpan.FromSeconds(30));
        var seconds = (int)(end - start).TotalSeconds + 1;
        var expected = ids.SelectMany(id => Enumerable.Range(0, seconds).Select(s => string.Create(CultureInfo.InvariantCulture, $"{id}@{start.AddSeconds(s):yyyyMMdd'T'HHmmss'Z'}"))).ToList();
        return Measured.Of(expected, [.. installation.Sink.Received.Where(w => w.ScheduledAt <= end)]) with { RebuiltInSeconds = Math.Round(took.TotalSeconds, 1) };
    }
}
