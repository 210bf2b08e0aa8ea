using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Faults;

namespace CronCloud.Simulation.Scenarios;

/// <summary>Definitions by chance: schedules that fire within seconds, targets of every temper, short timeouts and retries.</summary>
internal sealed class JobMaker(World world, Scenario scenario)
{
    private static readonly Overlap[] Overlaps = [Overlap.Allow, Overlap.Allow, Overlap.Allow, Overlap.Skip, Overlap.Queue];
    private static readonly CatchUpPolicy[] Policies = [CatchUpPolicy.All, CatchUpPolicy.All, CatchUpPolicy.Latest, CatchUpPolicy.None];

    private bool _hasDeadly = !scenario.Has(FaultKind.Poison);

    /// <summary>In a poisoned world the first definition is of one execution that kills whoever makes it: more of them would leave no node to others.</summary>
    public JobDefinition Next(JobKey key)
    {
        var next = Any(key);
        if (_hasDeadly)
            return next;
        _hasDeadly = true;
        return next with
        {
            Schedule = new ScheduleSpec { At = World.Start.AddMilliseconds(4_000 + world.Random.Next(10_000)) },
            Target = new Target { Http = next.Target.Http! with { Url = $"https://{key.Tenant}-{key.Id}.example{TargetScript.DeadlyPath}" } },
            CatchUp = CatchUp.Default,
        };
    }

    private JobDefinition Any(JobKey key) => new()
    {
        Description = $"change {world.Random.Next(1000)}",
        Schedule = Schedule(),
        Target = new Target
        {
            Http = new HttpTarget
            {
                Url = $"https://{key.Tenant}-{key.Id}.example/{world.Pick(TargetScript.Tempers)}",
                Timeout = TimeSpan.FromSeconds(1 + world.Random.Next(6)),
            },
        },
        Retry = new RetryPolicy
        {
            MaxRetries = world.Random.Next(4),
            InitialDelay = TimeSpan.FromSeconds(1 + world.Random.Next(2)),
            Multiplier = 1 + world.Random.Next(2),
            MaxDelay = TimeSpan.FromSeconds(3),
            Jitter = world.Chance(0.5),
            ClientErrors = world.Chance(0.3),
        },
        Overlap = world.Pick(Overlaps),
        CatchUp = new CatchUp { Policy = world.Pick(Policies), Window = world.Chance(0.3) ? world.Between(10, 60) : TimeSpan.FromHours(24) },
    };

    private ScheduleSpec Schedule() => world.Random.Next(10) switch
    {
        < 6 => new ScheduleSpec
        {
            Every = TimeSpan.FromMilliseconds(2000 + world.Random.Next(9000)),
            Anchor = World.Start.AddHours(-1).AddMilliseconds(world.Random.Next(3_600_000)),
            EndAt = world.Chance(0.15) ? World.Start + world.Between(5, 40) : null,
        },
        < 9 => new ScheduleSpec
        {
            Cron = world.Pick(Occurrences.Crons),
            StartAt = world.Chance(0.15) ? World.Start.AddSeconds(world.Random.Next(30)) : null,
        },
        _ => new ScheduleSpec { At = World.Start.AddMilliseconds(world.Random.Next(45_000)) },
    };
}
