using CronCloud.Faults.Nemesis;
using CronCloud.Faults.Running;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Fault after fault on a cluster under a steady load, chosen by a seed.</summary>
internal static class FaultStorm
{
    /// <summary>How many violations of one fault are written down; the table has their number.</summary>
    private const int PerFault = 20;

    public static async Task<StormMeasured> RunAsync(Arguments arguments)
    {
        var seed = arguments.Seed ?? 1;
        Console.WriteLine($"seed {seed}, {(arguments.Only is null ? $"{arguments.Minutes} min" : $"{arguments.Only}, {arguments.Times} times")}{(ClockFaults.CanJump ? "" : "; without jumping clocks: the Debian package faketime is missing")}{(DiskFaults.CanFill ? "" : "; without full disks: only root may mount them")}");
        var traps = new Traps();
        await using var cluster = await FaultCluster.StartAsync(node => [("CRONCLOUD_PAUSE_POINT", traps.PointOf(node))], breaksAll: true);
        var storm = new Storm(cluster, traps, seed, Console.WriteLine);
        var results = await (arguments.Only is { } only ? storm.RepeatAsync(FaultMatrix.Named(only), arguments.Times) : storm.RunAsync(TimeSpan.FromMinutes(arguments.Minutes)));
        var late = await cluster.EndAsync();

        var rows = results.GroupBy(r => (r.Fault.Number, r.Fault.Name, r.Moment)).OrderBy(g => g.Key).Select(g => StormRow.Of(g.Key.Number, g.Key.Name, g.Key.Moment, [.. g.Select(r => r.Report)])).ToList();
        Print(rows);
        return new StormMeasured(rows, [.. results.SelectMany(r => r.Report.Violations.Take(PerFault).Select(v => $"{r.Fault.Name}: {v}")), .. late.Select(v => $"at the end: {v}")]);
    }

    private static void Print(IEnumerable<StormRow> rows)
    {
        Console.WriteLine($"{"fault",-52} {"moment",-7} {"times",5} {"expected",9} {"missed",7} {"twice",6} {"explained",9} {"worst ms",9} {"wrong",6}");
        foreach (var row in rows)
            Console.WriteLine($"{row.Number,2} {row.Fault,-49} {row.Moment,-7} {row.Repetitions,5} {row.Expected,9} {row.Missed,7} {row.Duplicates,6} {row.Explained,9} {row.WorstLatenessMs,9:0} {row.Violations,6}");
    }
}
