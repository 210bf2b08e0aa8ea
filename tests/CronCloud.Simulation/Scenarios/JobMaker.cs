using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Simulation.Checking;

namespace CronCloud.Simulation.Scenarios;

/// <summary>Definitions by chance: schedules that fire within seconds, targets of every temper, short timeouts and retries.</summary>
internal sealed class JobMaker(World world)
{
    public JobDefinition Next(JobKey key) => new()
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
