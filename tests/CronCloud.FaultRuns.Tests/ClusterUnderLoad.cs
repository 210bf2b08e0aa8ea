using CronCloud.Faults.Checking;
using CronCloud.Faults.Nemesis;
using CronCloud.Faults.Running;
using Xunit.Abstractions;

namespace CronCloud.FaultRuns.Tests;

/// <summary>One cluster for all faults: each test applies one, declares it, and has the run checked.</summary>
[CollectionDefinition(Name)]
public sealed class ClusterUnderLoad : ICollectionFixture<RunningCluster>
{
    public const string Name = "cluster under load";
}

/// <summary>Starts once, and holds the whole run against the invariants at the end.</summary>
public sealed class RunningCluster : IAsyncLifetime
{
    /// <summary>Wherever these tests run, three nodes, four servers and a sink share few processors with whoever else is there. `loadtests faults` checks the same without it.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromSeconds(15);

    /// <summary>Nodes that start from now on have no pause point for poison.</summary>
    public bool PoisonIsHarmless { get; set; }

    public Traps Traps { get; } = new();

    public FaultCluster Cluster { get; private set; } = null!;

    public async Task InitializeAsync() => Cluster = await FaultCluster.StartAsync(node => [("CRONCLOUD_PAUSE_POINT", PointsOf(node))], slack: Slack);

    public async Task DisposeAsync()
    {
        await using (Cluster)
        {
            var violations = await Cluster.EndAsync();
            if (violations.Count > 0)
                throw new InvalidOperationException($"The run as a whole has {violations.Count} violations that no test saw:\n{string.Join('\n', violations.Take(20).Select(v => $"{v} [{Cluster.Near(v)}]"))}");
        }
    }

    private string PointsOf(int node) => Traps.PointOf(node) + (PoisonIsHarmless ? "" : ";ITargetCaller.CallAsync:before:KILL:1:poison");
}

/// <summary>What the tests of a fault share.</summary>
[Collection(ClusterUnderLoad.Name)]
public abstract class FaultTest(RunningCluster running, ITestOutputHelper output)
{
    protected const int HerdSize = 100;

    private const int TrapSize = 24;
    private const int MaxTraps = 8;

    protected RunningCluster Running => running;

    protected FaultCluster Cluster => running.Cluster;

    /// <summary>A herd that is due in a few seconds; answers the instant. One that could not be made in time is followed by another.</summary>
    protected async Task<DateTimeOffset> HerdAsync(string name)
    {
        await Cluster.ReviveAsync();
        for (var round = 0; ; round++)
        {
            var due = Cluster.WholeSecond(3);
            await Cluster.Client.PutAllAsync(Load.Herd($"{name}-{round}", HerdSize, due));
            if (Cluster.Now < due.AddMilliseconds(-200))
                return due;
        }
    }

    /// <summary>Makes herds that a node has a pause point for until it was hit; answers when that began. The fault's window is open from then on.</summary>
    protected async Task<DateTimeOffset> TrapAsync(string trap, Func<bool> wasHit, bool mayRepeat)
    {
        await Cluster.ReviveAsync();
        var from = Cluster.Begin(trap, mayRepeat);
        for (var round = 0; round < MaxTraps; round++)
        {
            var due = Cluster.WholeSecond(1);
            await Cluster.Client.PutAllAsync(Load.Herd($"{running.Traps.NameOf(trap)}{round}", TrapSize, due));
            await Cluster.UntilAsync(due);
            for (var looks = 0; looks < 20 && !wasHit(); looks++)
                await Cluster.ForAsync(0.05);
            if (wasHit())
                return from;
        }

        throw new InvalidOperationException($"No execution of {trap} came to the node that has the pause point.");
    }

    /// <summary>Writes what was measured, and fails with what is wrong.</summary>
    /// <param name="except">A job that a test harms on purpose.</param>
    protected async Task<CheckReport> AssertHoldsAsync(DateTimeOffset from, string? except = null)
    {
        await Cluster.ReviveAsync();
        var began = Cluster.Now;
        var report = await Cluster.CheckAsync(from);
        report = report with { Violations = [.. report.Violations.Where(v => v.Job != except)] };
        output.WriteLine($"{report}; {(began - from).TotalSeconds:0.0} s, checked in {(Cluster.Now - began).TotalSeconds:0.0} s");
        if (report.Violations.Count > 0)
            output.WriteLine(Cluster.Tails());
        Assert.True(report.Violations.Count == 0, $"{report.Violations.Count} violations ({report}):\n{string.Join('\n', report.Violations.Take(20).Select(v => $"{v} [{Cluster.Near(v)}]"))}");
        return report;
    }
}
