using System.Diagnostics;
using System.Globalization;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Many jobs that are due at one instant, one POST each.</summary>
internal static class Herd
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task<Measured> RunAsync(Arguments arguments)
    {
        await using var installation = await JobMaker.StartAsync(arguments);
        var ids = Enumerable.Range(0, arguments.Jobs).Select(i => $"herd-{i}").ToList();
        var due = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 10 + (arguments.Jobs / JobMaker.PerSecond));
        var started = Stopwatch.GetTimestamp();
        await JobMaker.MakeAsync(installation, ids.Select(id => new
        {
            id,
            schedule = new { at = due.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) },
            target = new { http = new { url = $"{installation.Sink.Url}/ok/{id}" } },
        }));
        var createdPerSecond = arguments.Jobs / Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (TimeProvider.System.GetUtcNow() > due)
            throw new InvalidOperationException("The jobs were not made in time.");

        await installation.Sink.UntilAsync(arguments.Jobs, _ => true, due - TimeProvider.System.GetUtcNow() + Patience);
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        var expected = ids.ConvertAll(id => string.Create(CultureInfo.InvariantCulture, $"{id}@{due:yyyyMMdd'T'HHmmss'Z'}"));
        var measured = Measured.Of(expected, installation.Sink.Received);
        return measured with { ExecutionsPerSecond = Math.Round(arguments.Jobs / (measured.LatenessMaxMs / 1000)), CreatedPerSecond = Math.Round(createdPerSecond) };
    }
}
