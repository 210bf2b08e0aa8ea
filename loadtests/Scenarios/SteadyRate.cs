using System.Globalization;
using CronCloud.LoadSink;
using CronCloud.LoadTests.Sinks;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// So many executions a second, one POST each, spread evenly over time: what each was late at the sink, and what each process used of the processor. The schedule sets when an execution is
/// due, whatever became of those before it, so that nothing is left out of the account when the system falls behind.
/// </summary>
internal static class SteadyRate
{
    /// <summary>Each job's interval.</summary>
    private const int PeriodSeconds = 1;

    /// <summary>Until what is compiled as it runs is compiled.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);

    public static async Task<SteadyRateMeasured> RunAsync(Arguments arguments)
    {
        await using var sink = await LoadSinkProcess.StartAsync();
        await using var installation = await ClusterInstallation.StartAsync(nodes: arguments.Nodes);
        var jobs = arguments.Rate * PeriodSeconds;
        var anchor = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 60);
        DateTimeOffset Anchor(int i) => anchor.AddMilliseconds(PeriodSeconds * 1_000L * i / jobs);
        await JobMaker.MakeAsync(installation, Enumerable.Range(0, jobs).Select(i => new
        {
            id = NameOf(i),
            schedule = new { every = $"{PeriodSeconds}s", anchor = Anchor(i).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) },
            target = new { http = new { url = $"{sink.Url}/ok/{NameOf(i)}" } },
        }));

        await Task.Delay(WarmUp, TimeProvider.System);
        await sink.ClearAsync();
        var processes = Processes.Of(installation, sink);
        var (before, from) = (processes.Read(), TimeProvider.System.GetUtcNow());
        await Task.Delay(TimeSpan.FromSeconds(arguments.Seconds), TimeProvider.System);
        var (after, until) = (processes.Read(), TimeProvider.System.GetUtcNow());
        await Task.Delay(Settle, TimeProvider.System);

        var arrivals = (await sink.DumpAsync()).Where(a => a.DueUs >= Microseconds(from) && a.DueUs < Microseconds(until)).ToList();
        var expected = Enumerable.Range(0, jobs).Sum(i => Occurrences(Anchor(i), from, until));
        return SteadyRateMeasured.Of(expected, arrivals, (until - from).TotalSeconds, before, after);
    }

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"steady-{i}");

    private static int Occurrences(DateTimeOffset anchor, DateTimeOffset from, DateTimeOffset until) => Before(until, anchor) - Before(from, anchor);

    private static int Before(DateTimeOffset instant, DateTimeOffset anchor) => (int)Math.Ceiling((instant - anchor).TotalSeconds / PeriodSeconds);

    private static long Microseconds(DateTimeOffset instant) => (instant - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
