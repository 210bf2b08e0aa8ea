using System.Globalization;
using CronCloud.LoadSink;
using CronCloud.LoadTests.Sinks;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// A day of fifty million executions, so many times as fast: of a hundred, 60 are spread evenly, 30 are due at the first second of a minute, 6 at the full hour and 4 at the half. One request in
/// fifty fails, and is retried.
/// </summary>
internal static class Day
{
    private const double PerSecond = 50_000_000 / 86_400.0;

    /// <summary>In so long the load grows to its rate.</summary>
    private static readonly TimeSpan Ramp = TimeSpan.FromSeconds(40);

    /// <summary>At least so many jobs are imported in a second.</summary>
    private const int MadePerSecond = 5_000;

    private static readonly TimeSpan UntilDue = TimeSpan.FromSeconds(20);

    /// <summary>What a spike at the end leaves behind, and retries.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    public static async Task<DayMeasured> RunAsync(Arguments arguments)
    {
        await using var sink = await LoadSinkProcess.StartAsync();
        await using var installation = await ClusterInstallation.StartAsync(nodes: arguments.Nodes);
        var groups = GroupsOf(arguments.Speed);
        var anchor = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + UntilDue).ToUnixTimeSeconds() + (groups.Sum(group => group.Jobs) / MadePerSecond));
        var (from, until) = (anchor + Ramp, anchor + Ramp + TimeSpan.FromSeconds(arguments.Seconds));
        groups.RemoveAll(group => anchor + group.Offset >= until);
        foreach (var group in groups)
            await JobMaker.MakeAsync(installation, Enumerable.Range(0, group.Jobs).Select(i => JobOf(group, i, anchor, until, sink.Url)));
        if (TimeProvider.System.GetUtcNow() > anchor)
            throw new InvalidOperationException("The jobs were not made in time.");

        await Task.Delay(until - TimeProvider.System.GetUtcNow(), TimeProvider.System);
        await UntilQuietAsync(sink);
        return Measure(groups, anchor, from, until, await sink.DumpAsync());
    }

    private static List<Group> GroupsOf(int speed)
    {
        var rate = PerSecond * speed;
        var (minute, hour) = (TimeSpan.FromMinutes(1) / speed, TimeSpan.FromHours(1) / speed);
        return
        [
            new Group("spread", (int)(0.60 * rate * 10), TimeSpan.FromSeconds(10), TimeSpan.Zero, IsSpread: true),
            new Group("minute", (int)(0.30 * rate * minute.TotalSeconds), minute, TimeSpan.Zero, IsSpread: false),
            new Group("hour", (int)(0.06 * rate * hour.TotalSeconds), hour, hour / 4, IsSpread: false),
            new Group("half", (int)(0.04 * rate * hour.TotalSeconds), hour, 3 * hour / 4, IsSpread: false),
        ];
    }

    private static object JobOf(Group group, int i, DateTimeOffset anchor, DateTimeOffset until, string sink)
    {
        var first = group.FirstOf(i, anchor);
        var startAt = first + (group.IsSpread ? Ramp * (i * 7_919L % group.Jobs / (double)group.Jobs) : TimeSpan.Zero);
        return new
        {
            id = NameOf(group, i),
            schedule = new { every = $"{(int)group.Period.TotalSeconds}s", anchor = JobMaker.Text(first), startAt = JobMaker.Text(startAt), endAt = JobMaker.Text(until) },
            target = new { http = new { url = $"{sink}/failing/20/{NameOf(group, i)}" } },
            retry = new { maxRetries = 5, initialDelay = "2s", multiplier = 2 },
        };
    }

    private static DayMeasured Measure(List<Group> groups, DateTimeOffset anchor, DateTimeOffset from, DateTimeOffset until, IReadOnlyList<Arrival> arrivals)
    {
        var (fromUs, untilUs) = (Arrival.Microseconds(from), Arrival.Microseconds(until));
        var measured = arrivals.Where(arrival => arrival.DueUs >= fromUs && arrival.DueUs < untilUs).ToList();
        var attempts = measured.Select(arrival => (arrival.Job, arrival.DueUs, arrival.Attempt)).ToHashSet();
        var started = measured.Where(arrival => arrival.Attempt == 1).ToList();
        var ended = measured.Where(arrival => arrival.Status == 200).Select(arrival => (arrival.Job, arrival.DueUs)).ToHashSet();
        var expected = groups.Sum(group => Enumerable.Range(0, group.Jobs).Sum(i => group.Before(i, until, anchor) - group.Before(i, from, anchor)));
        return new DayMeasured
        {
            Expected = expected,
            Missing = expected - ended.Count,
            Duplicates = measured.Count - attempts.Count,
            Early = measured.Count(arrival => arrival.LatenessMs < 0),
            Retries = attempts.Count(attempt => attempt.Attempt > 1),
            PerSecond = Math.Round(expected / (until - from).TotalSeconds),
            LatenessMs = groups.ToDictionary(group => group.Name, group => Percentile.Spread([.. started.Where(arrival => arrival.Job.StartsWith(group.Name, StringComparison.Ordinal)).Select(arrival => arrival.LatenessMs).Order()])),
        };
    }

    /// <summary>Nothing has arrived for a while that is longer than the longest pause before a retry that is likely.</summary>
    private static async Task UntilQuietAsync(LoadSinkProcess sink)
    {
        var (limit, quiet, last) = (TimeProvider.System.GetUtcNow() + Patience, 0, -1);
        while (quiet < 5 && TimeProvider.System.GetUtcNow() < limit)
        {
            await Task.Delay(Look, TimeProvider.System);
            var count = await sink.CountAsync();
            (quiet, last) = (count == last ? quiet + 1 : 0, count);
        }
    }

    private static string NameOf(Group group, int i) => string.Create(CultureInfo.InvariantCulture, $"{group.Name}-{i}");

    /// <param name="Name">With which the ids of its jobs begin.</param>
    /// <param name="Jobs">How many.</param>
    /// <param name="Period">Between two executions of a job.</param>
    /// <param name="Offset">From the anchor to the first.</param>
    /// <param name="IsSpread">Whether its jobs are due one after the other, or all at once.</param>
    private sealed record Group(string Name, int Jobs, TimeSpan Period, TimeSpan Offset, bool IsSpread)
    {
        /// <summary>To the millisecond, as everything that is stored.</summary>
        public DateTimeOffset FirstOf(int i, DateTimeOffset anchor) => (anchor + Offset).AddMilliseconds(IsSpread ? (long)Period.TotalMilliseconds * i / Jobs : 0);

        /// <summary>How often the job was due before the instant.</summary>
        public int Before(int i, DateTimeOffset instant, DateTimeOffset anchor) => Math.Max(0, (int)Math.Ceiling((instant - FirstOf(i, anchor)) / Period));
    }
}

/// <summary>What arrived of what was due in the time that was measured.</summary>
internal sealed record DayMeasured
{
    public required int Expected { get; init; }

    /// <summary>Executions that did not end well.</summary>
    public required int Missing { get; init; }

    /// <summary>Attempts that arrived once more.</summary>
    public required int Duplicates { get; init; }

    public required int Early { get; init; }

    public required int Retries { get; init; }

    public required double PerSecond { get; init; }

    /// <summary>Of first attempts, by group: median, 99th percentile, highest.</summary>
    public required IReadOnlyDictionary<string, double[]> LatenessMs { get; init; }
}
