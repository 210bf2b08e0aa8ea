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

    /// <summary>After a node was killed, until it is started again.</summary>
    private static readonly TimeSpan Dead = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan UntilDue = TimeSpan.FromSeconds(10);

    private static readonly string IdleBody = new('x', 200);

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);

    public static async Task<SteadyRateMeasured> RunAsync(Arguments arguments)
    {
        await using var sink = await LoadSinkProcess.StartAsync();
        await using var installation = await ClusterInstallation.StartAsync(nodes: arguments.Nodes);
        await JobMaker.MakeAsync(installation, Enumerable.Range(0, arguments.Idle).Select(i => Idle(i, sink.Url)));
        var (jobs, period) = (arguments.Rate * arguments.Period, arguments.Period);
        var anchor = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + UntilDue).ToUnixTimeSeconds() + (jobs / JobMaker.PerSecond));
        DateTimeOffset Anchor(int i) => anchor.AddMilliseconds(period * 1_000L * i / jobs);
        await JobMaker.MakeAsync(installation, Enumerable.Range(0, jobs).Select(i => new
        {
            id = NameOf(i),
            schedule = new { every = $"{period}s", anchor = Text(Anchor(i)), startAt = Text(anchor + (Ramp * (i * 7_919L % jobs / (double)jobs))) },
            target = new { http = new { url = $"{sink.Url}/ok/{NameOf(i)}" } },
        }));

        if (TimeProvider.System.GetUtcNow() > anchor)
            throw new InvalidOperationException("The jobs were not made in time.");

        await Task.Delay(anchor + Ramp + AfterRamp - TimeProvider.System.GetUtcNow(), TimeProvider.System);
        await sink.ClearAsync();
        var processes = Processes.Of(installation, sink);
        var (before, from) = (processes.Read(), TimeProvider.System.GetUtcNow());
        await LoadAsync(installation, arguments);
        var (after, until) = (processes.Read(), TimeProvider.System.GetUtcNow());
        await Task.Delay(Settle, TimeProvider.System);

        var arrivals = (await sink.DumpAsync()).Where(a => a.DueUs >= Arrival.Microseconds(from) && a.DueUs < Arrival.Microseconds(until)).ToList();
        var expected = Enumerable.Range(0, jobs).Sum(i => Before(until, Anchor(i), period) - Before(from, Anchor(i), period));
        var measured = SteadyRateMeasured.Of(expected, arrivals, (until - from).TotalSeconds, before, after);
        return arguments.Kill ? measured with { CpuMicroseconds = null, Cores = null } : measured;
    }

    /// <summary>With --kill a node is killed (kill -9) half way.</summary>
    private static async Task LoadAsync(ClusterInstallation installation, Arguments arguments)
    {
        var end = TimeProvider.System.GetUtcNow().AddSeconds(arguments.Seconds);
        if (arguments.Kill)
        {
            await Task.Delay(TimeSpan.FromSeconds(arguments.Seconds / 2.0), TimeProvider.System);
            await installation.KillNodeAsync(0);
            await Task.Delay(Dead, TimeProvider.System);
            await installation.StartNodeAsync(0);
        }

        if (end - TimeProvider.System.GetUtcNow() is var left && left > TimeSpan.Zero)
            await Task.Delay(left, TimeProvider.System);
    }

    /// <summary>A job that is there, and not due before tomorrow.</summary>
    private static object Idle(int i, string sink)
    {
        var due = TimeProvider.System.GetUtcNow().AddDays(1).AddMinutes(i % 1_000);
        return new
        {
            id = string.Create(CultureInfo.InvariantCulture, $"idle-{i}"),
            schedule = new { every = "24h", anchor = Text(due), startAt = Text(due) },
            target = new { http = new { url = $"{sink}/ok/idle", body = IdleBody } },
        };
    }

    private static string Text(DateTimeOffset instant) => instant.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"steady-{i}");

    private static int Before(DateTimeOffset instant, DateTimeOffset anchor, int period) => (int)Math.Ceiling((instant - anchor).TotalSeconds / period);
}
