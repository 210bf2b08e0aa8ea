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
    /// <summary>In so long the load grows to its rate: processes that have just started compile as they run.</summary>
    private static readonly TimeSpan Ramp = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan AfterRamp = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan UntilDue = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);

    public static async Task<SteadyRateMeasured> RunAsync(Arguments arguments)
    {
        await using var sink = await LoadSinkProcess.StartAsync();
        await using var installation = await ClusterInstallation.StartAsync(nodes: arguments.Nodes, linked: arguments.Degraded is "redis" or "postgres");
        if (arguments.Idle > 0)
            await IdleJobs.MakeAsync(installation, arguments.Idle);
        var (jobs, period) = (arguments.Rate * arguments.Period, arguments.Period);
        var anchor = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + UntilDue).ToUnixTimeSeconds() + (jobs / JobMaker.PerSecond));
        DateTimeOffset Anchor(int i) => anchor.AddMilliseconds(period * 1_000L * i / jobs);
        await JobMaker.MakeAsync(installation, Enumerable.Range(0, jobs).Select(i => new
        {
            id = NameOf(i),
            schedule = new { every = $"{period}s", anchor = JobMaker.Text(Anchor(i)), startAt = JobMaker.Text(anchor + (Ramp * (i * 7_919L % jobs / (double)jobs))) },
            target = new { http = new { url = $"{sink.Url}/ok/{NameOf(i)}" } },
        }));

        if (TimeProvider.System.GetUtcNow() > anchor)
            throw new InvalidOperationException("The jobs were not made in time.");

        await Task.Delay(anchor + Ramp + AfterRamp - TimeProvider.System.GetUtcNow(), TimeProvider.System);
        await sink.ClearAsync();
        var processes = Processes.Of(installation, sink);
        var (before, from) = (processes.Read(), TimeProvider.System.GetUtcNow());
        var caughtUp = await Disturbance.RunAsync(installation, arguments);
        var (after, until) = (processes.Read(), TimeProvider.System.GetUtcNow());
        await Task.Delay(Settle, TimeProvider.System);

        var arrivals = (await sink.DumpAsync()).Where(a => a.DueUs >= Arrival.Microseconds(from) && a.DueUs < Arrival.Microseconds(until)).ToList();
        var expected = Enumerable.Range(0, jobs).Sum(i => Before(until, Anchor(i), period) - Before(from, Anchor(i), period));
        var measured = SteadyRateMeasured.Of(expected, arrivals, (until - from).TotalSeconds, before, after) with { CaughtUpSeconds = caughtUp };
        return arguments.Kill || arguments.Degraded is not null ? measured with { CpuMicroseconds = null, Cores = null } : measured;
    }

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"steady-{i}");

    private static int Before(DateTimeOffset instant, DateTimeOffset anchor, int period) => (int)Math.Ceiling((instant - anchor).TotalSeconds / period);
}
