using CronCloud.Core.Jobs;
using CronCloud.Simulation.Faults;

namespace CronCloud.Simulation.Scenarios;

/// <summary>What a seed makes of a world: how many nodes, which jobs, which faults and for how long.</summary>
internal sealed record Scenario
{
    /// <summary>A flight lost together with the index of flights is lost for good, and both at once is more than is promised.</summary>
    private static readonly FaultKind[] OneOf = [FaultKind.None, FaultKind.NatsEmptied, FaultKind.RedisEmptied, FaultKind.RedisRolledBack];

    private static readonly FaultKind[] AnyOf =
    [
        FaultKind.Errors, FaultKind.Outages, FaultKind.Delays, FaultKind.Kills, FaultKind.Pauses, FaultKind.Partials, FaultKind.Duplicates, FaultKind.NatsRestarts, FaultKind.Skew, FaultKind.Deployments,
        FaultKind.ClockJumps,
    ];

    /// <summary>Longer than what is started whatever a job's catch-up policy says.</summary>
    public static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(50);

    /// <summary>Well beyond a checkpoint's margin and what the scans look back.</summary>
    public static readonly TimeSpan LongestCut = TimeSpan.FromSeconds(150);

    /// <summary>These take much of a world's time.</summary>
    private static readonly FaultKind[] Seldom = [FaultKind.LongOutages, FaultKind.Poison, FaultKind.PowerCuts];

    public required int Nodes { get; init; }

    public required FaultKind Faults { get; init; }

    public required IReadOnlyList<JobKey> Jobs { get; init; }

    public required DateTimeOffset FaultsFrom { get; init; }

    public required DateTimeOffset HealAt { get; init; }

    /// <summary>How long nothing may be dispatched, at most, beyond what a node's death or a short outage takes.</summary>
    public static TimeSpan LongestOf(FaultKind faults) =>
        ((faults & FaultKind.LongOutages) != FaultKind.None ? LongestOutage : TimeSpan.Zero) + ((faults & FaultKind.PowerCuts) != FaultKind.None ? LongestCut : TimeSpan.Zero);

    public bool Has(FaultKind fault) => (Faults & fault) != FaultKind.None;

    public IReadOnlySet<int> Partitions => field ??= Jobs.Select(j => j.Partition).ToHashSet();

    /// <summary>One seed in eight has no faults at all: there nothing may be late and nothing doubled.</summary>
    public static Scenario Of(World world)
    {
        var faults = FaultKind.None;
        if (!world.Chance(0.125))
        {
            faults = world.Pick(OneOf);
            faults = AnyOf.Where(_ => world.Chance(0.3)).Aggregate(faults, (all, fault) => all | fault);
            faults = Seldom.Where(_ => world.Chance(0.12)).Aggregate(faults, (all, fault) => all | fault);
        }

        return new Scenario
        {
            Nodes = 2 + world.Random.Next(2),
            Faults = faults,
            Jobs = [.. JobIds.Some(world)],
            FaultsFrom = World.Start + world.Between(1, 6),
            HealAt = World.Start + world.Between(18, 32) + LongestOf(faults),
        };
    }
}
