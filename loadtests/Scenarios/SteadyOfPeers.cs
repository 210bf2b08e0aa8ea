using CronCloud.LoadSink;
using CronCloud.LoadTests.Contenders;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Jobs that are due every second, spread over it: of CronCloud and of its peers, in turns, at one sink.</summary>
internal static class SteadyOfPeers
{
    private const string Name = "steady";
    private const int WarmUpSeconds = 5;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    public static Task<PeersMeasured> RunAsync(Arguments arguments) => Turns.RunAsync(arguments, async (contender, sink) =>
    {
        var start = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + contender.MakingTakesAtMost(arguments.Rate) + Margin).ToUnixTimeSeconds());
        var counted = start.AddSeconds(WarmUpSeconds);
        var end = counted.AddSeconds(arguments.Seconds);
        var madePerSecond = await contender.MakeSteadyAsync(Name, arguments.Rate, start, end);
        var left = start - TimeProvider.System.GetUtcNow();
        if (left < TimeSpan.Zero)
            throw new InvalidOperationException($"The jobs were not made in time: {madePerSecond:F0} a second.");
        await Task.Delay(end + Settle - TimeProvider.System.GetUtcNow(), TimeProvider.System);

        // What is due in the first seconds, while code is being compiled, is not counted.
        var (from, until) = (Arrival.Microseconds(counted), Arrival.Microseconds(end));
        var arrivals = (await sink.DumpAsync()).Where(arrival => arrival.DueUs >= from && arrival.DueUs < until).ToList();
        var lateness = Lateness.Of(arguments.Rate * arguments.Seconds, arrivals, arrival => arrival.AtUs - arrival.DueUs);
        return new TurnMeasured(Math.Round((double)lateness.Received / arguments.Seconds), Math.Round(madePerSecond), lateness);
    });
}
