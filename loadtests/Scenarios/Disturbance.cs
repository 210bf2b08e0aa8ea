using System.Diagnostics;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>What goes wrong in the middle third of a load: a node is killed, or a server that it depends on is away or slow for all of that third.</summary>
internal static class Disturbance
{
    public static readonly IReadOnlyList<string> Names = ["clickhouse", "redis", "postgres"];

    /// <summary>After a node was killed, until it is started again.</summary>
    private static readonly TimeSpan Dead = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RedisDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PostgresDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>As few messages as wait for a reader that keeps up.</summary>
    private const int FewMessages = 100;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    /// <summary>Returns at the end of the load. Answers after about how many seconds history had caught up; null when ClickHouse was not away, or it had not by the end.</summary>
    public static async Task<double?> RunAsync(ClusterInstallation installation, Arguments arguments)
    {
        var third = TimeSpan.FromSeconds(arguments.Seconds / 3.0);
        var end = TimeProvider.System.GetUtcNow() + (3 * third);
        double? caughtUp = null;
        if (arguments.Kill || arguments.Degraded is not null)
            await Task.Delay(third, TimeProvider.System);
        if (arguments.Kill)
        {
            await installation.KillNodeAsync(0);
            await Task.Delay(Dead, TimeProvider.System);
            await installation.StartNodeAsync(0);
        }

        if (arguments.Degraded is { } server)
        {
            await DegradeAsync(installation, server);
            await Task.Delay(third, TimeProvider.System);
            await HealAsync(installation, server);
            if (server == "clickhouse")
                caughtUp = await CaughtUpAsync(installation, end);
        }

        if (end - TimeProvider.System.GetUtcNow() is var left && left > TimeSpan.Zero)
            await Task.Delay(left, TimeProvider.System);
        return caughtUp;
    }

    private static async Task DegradeAsync(ClusterInstallation installation, string server)
    {
        if (server == "clickhouse")
            await installation.ClickHouse.StopAsync();
        foreach (var links in installation.Links)
        {
            if (server == "redis")
                links.Redis.Delay(RedisDelay / 2);
            else if (server == "postgres")
                links.Postgres.Delay(PostgresDelay / 2);
        }
    }

    private static async Task HealAsync(ClusterInstallation installation, string server)
    {
        if (server == "clickhouse")
            await installation.ClickHouse.RestartAsync();
        foreach (var links in installation.Links)
        {
            links.Redis.Heal();
            links.Postgres.Heal();
        }
    }

    /// <summary>When history has no more to read than usual, as a node tells every five seconds.</summary>
    private static async Task<double?> CaughtUpAsync(ClusterInstallation installation, DateTimeOffset end)
    {
        var healed = Stopwatch.GetTimestamp();
        while (TimeProvider.System.GetUtcNow() < end)
        {
            await Task.Delay(Look, TimeProvider.System);
            var scrape = await Scrape.OfAsync(installation.Nodes[0]!.Http);
            if (scrape.Sum("croncloud_outcome_lag", ("reader", "history")) <= FewMessages)
                return Math.Round(Stopwatch.GetElapsedTime(healed).TotalSeconds);
        }

        return null;
    }
}
