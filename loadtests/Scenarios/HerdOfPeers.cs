using CronCloud.LoadSink;
using CronCloud.LoadTests.Contenders;
using CronCloud.LoadTests.Sinks;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>The herd of CronCloud and of its peers, in turns, at one sink.</summary>
internal static class HerdOfPeers
{
    private const string Name = "herd";
    private const int WarmUpJobs = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    public static Task<PeersMeasured> RunAsync(Arguments arguments) => Turns.RunAsync(arguments, async (contender, sink) =>
    {
        // What has just started compiles its code first, and once more when it runs often: another herd goes ahead, and is not counted.
        await RunAsync(contender, sink, "warm", WarmUpJobs);
        await sink.ClearAsync();
        var (due, madePerSecond) = await RunAsync(contender, sink, Name, arguments.Jobs);
        await Task.Delay(Settle, TimeProvider.System);
        var lateness = Lateness.Of(arguments.Jobs, await sink.DumpAsync(), arrival => arrival.AtUs - Arrival.Microseconds(due));
        return new TurnMeasured(Math.Round(arguments.Jobs / (lateness.MaxMs / 1_000)), Math.Round(madePerSecond), lateness);
    });

    private static async Task<(DateTimeOffset Due, double MadePerSecond)> RunAsync(IContender contender, LoadSinkProcess sink, string name, int jobs)
    {
        var due = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + contender.MakingTakesAtMost(jobs) + Margin).ToUnixTimeSeconds());
        var madePerSecond = await contender.MakeHerdAsync(name, jobs, due);
        var left = due - TimeProvider.System.GetUtcNow();
        if (left < TimeSpan.Zero)
            throw new InvalidOperationException($"The jobs were not made in time: {madePerSecond:F0} a second.");
        await Task.Delay(left, TimeProvider.System);
        await sink.UntilAsync(jobs, Patience);
        return (due, madePerSecond);
    }
}
