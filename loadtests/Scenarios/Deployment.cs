using System.Globalization;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// A rolling deployment under load: 500 executions a second, and each of three nodes is told to stop (SIGTERM) and started again, one after
/// the other. What to see: no start late by more than a second, and none twice.
/// </summary>
internal static class Deployment
{
    private const int Spread = 10;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);

    public static async Task<Measured> RunAsync(Arguments arguments)
    {
        await using var installation = await ClusterInstallation.StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        var start = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() + 10 + (arguments.Jobs / JobMaker.PerSecond));
        var end = start.AddSeconds(arguments.Seconds - 1);
        var ids = Enumerable.Range(0, arguments.Jobs).Select(i => $"deploy-{i}").ToList();
        await JobMaker.MakeAsync(installation, ids.Select((id, i) => new
        {
            id,
            schedule = new { every = "1s", anchor = Instant(start.AddMilliseconds(1000 / Spread * (i % Spread))), endAt = Instant(end.AddMilliseconds(999)) },
            target = new { http = new { url = $"{installation.Sink.Url}/ok/{id}" } },
        }));
        if (TimeProvider.System.GetUtcNow() > start)
            throw new InvalidOperationException("The jobs were not made in time.");

        await UntilAsync(start.AddSeconds(arguments.Seconds / 5.0));
        for (var node = 0; node < 3; node++)
        {
            await installation.Nodes[node]!.StopAsync();
            await installation.KillNodeAsync(node);
            await installation.StartNodeAsync(node);
            await installation.Nodes[node]!.UntilReadyAsync();
        }

        if (TimeProvider.System.GetUtcNow() > end)
            throw new InvalidOperationException($"The deployment took longer than {arguments.Seconds} s: measure for more --seconds.");
        await UntilAsync(end + Settle);
        var expected = ids.SelectMany((id, i) => Enumerable.Range(0, arguments.Seconds).Select(s => ExecutionIdOf(id, start.AddMilliseconds(1000 / Spread * (i % Spread)).AddSeconds(s)))).ToList();
        return Measured.Of(expected, installation.Sink.Received);
    }

    private static string ExecutionIdOf(string job, DateTimeOffset due) =>
        string.Create(CultureInfo.InvariantCulture, $"{job}@{due.ToString(due.Millisecond == 0 ? "yyyyMMdd'T'HHmmss'Z'" : "yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture)}");

    private static string Instant(DateTimeOffset instant) => instant.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static Task UntilAsync(DateTimeOffset instant) => Task.Delay(instant - TimeProvider.System.GetUtcNow() is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero, TimeProvider.System);
}
