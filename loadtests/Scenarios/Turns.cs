using CronCloud.LoadTests.Contenders;
using CronCloud.LoadTests.Sinks;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>CronCloud and its peers take turns, so that what the machine does meanwhile hits all alike; each begins afresh, and alone.</summary>
internal static class Turns
{
    private const int WarmUpPosts = 20_000;
    private const int WarmUpAtOnce = 16;

    public static async Task<PeersMeasured> RunAsync(Arguments arguments, Func<IContender, LoadSinkProcess, Task<TurnMeasured>> measure)
    {
        var contenders = await Contender.OfAsync(arguments);
        await using var sink = await LoadSinkProcess.StartAsync();
        await WarmUpAsync(sink);
        var turns = new List<Turn>();
        for (var round = 1; round <= arguments.Rounds; round++)
        {
            foreach (var contender in contenders)
            {
                await using var running = await contender.StartAsync($"{sink.Url}/ok");
                await sink.ClearAsync();
                var turn = new Turn(round, contender.Name, await measure(running, sink));
                Console.WriteLine(turn);
                turns.Add(turn);
            }
        }

        return PeersMeasured.Of(contenders, turns);
    }

    /// <summary>The sink compiles its code before the first turn: else the first would pay for all.</summary>
    private static async Task WarmUpAsync(LoadSinkProcess sink)
    {
        using var http = new HttpClient();
        var url = new Uri($"{sink.Url}/ok/warm");
        await Parallel.ForAsync(0, WarmUpPosts, new ParallelOptions { MaxDegreeOfParallelism = WarmUpAtOnce }, async (_, cancellation) =>
        {
            using var answer = await http.PostAsync(url, content: null, cancellation);
            answer.EnsureSuccessStatusCode();
        });
    }
}
