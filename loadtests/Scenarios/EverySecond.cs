using System.Globalization;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Jobs that are due at every whole second.</summary>
internal static class EverySecond
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);

    public static async Task<Measured> RunAsync(Arguments arguments)
    {
        await using var installation = await JobMaker.StartAsync(arguments);
        var start = WholeSecond(TimeSpan.FromSeconds(20));
        var end = start.AddSeconds(arguments.Seconds - 1);
        var ids = Enumerable.Range(0, arguments.Jobs).Select(i => $"second-{i}").ToList();
        await JobMaker.MakeAsync(installation, ids.Select(id => new
        {
            id,
            schedule = new { every = "1s", anchor = Text(start), endAt = Text(end) },
            target = new { http = new { url = $"{installation.Sink.Url}/ok/{id}" } },
        }));
        if (TimeProvider.System.GetUtcNow() > start)
            throw new InvalidOperationException("The jobs were not made in time.");

        if (arguments.Kill)
        {
            await UntilAsync(start.AddSeconds(arguments.Seconds / 2.0));
            await KillAndRestartAsync(installation);
        }

        await UntilAsync(end + Settle);
        var expected = ids.SelectMany(id => Enumerable.Range(0, arguments.Seconds).Select(s => string.Create(CultureInfo.InvariantCulture, $"{id}@{start.AddSeconds(s):yyyyMMdd'T'HHmmss'Z'}"))).ToList();
        return Measured.Of(expected, installation.Sink.Received);
    }

    private static async Task KillAndRestartAsync(Installation installation)
    {
        switch (installation)
        {
            case ClusterInstallation cluster:
                await cluster.KillNodeAsync(0);
                await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
                await cluster.StartNodeAsync(0);
                break;
            case TwinInstallation twins:
                await twins.Process.KillAsync();
                await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
                await twins.StartProcessAsync();
                break;
            default:
                throw new InvalidOperationException($"Nothing to kill in {installation.GetType().Name}.");
        }
    }

    private static DateTimeOffset WholeSecond(TimeSpan ahead) => DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + ahead).ToUnixTimeSeconds() + 1);

    private static Task UntilAsync(DateTimeOffset instant) => Task.Delay(instant - TimeProvider.System.GetUtcNow(), TimeProvider.System);

    private static string Text(DateTimeOffset instant) => instant.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
