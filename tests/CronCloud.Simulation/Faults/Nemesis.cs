using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Nodes;
using CronCloud.Simulation.Scenarios;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation.Faults;

/// <summary>Faults that come at a time of their own and not with a call.</summary>
internal sealed class Nemesis(World world, Scenario scenario, Weather weather, Servers servers, Fleet fleet, Ledger ledger)
{
    private static readonly TimeSpan SmallSkew = TimeSpan.FromMilliseconds(450);

    /// <summary>Even half of the smallest is more than a guard believes by the slowest answer.</summary>
    private static readonly TimeSpan[] Jumps = [TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(20), TimeSpan.FromHours(1)];

    /// <summary>Without these nothing is dispatched.</summary>
    private static readonly Server[] Needed = [Server.Nats, Server.Redis];

    public void Start()
    {
        Plan(FaultKind.Kills, 2, () => Each(n => n.Die("at once")));
        Plan(FaultKind.Pauses, 2, () => Each(n => n.Pause(world.Between(1, 12))));
        Plan(FaultKind.Deployments, 3, Deploy);
        Plan(FaultKind.Outages, 3, TakeAway);
        Plan(FaultKind.LongOutages, 1, () => TakeAway(world.Pick(Needed), world.Between(32, Scenario.LongestOutage.TotalSeconds)));
        Plan(FaultKind.PowerCuts, 1, CutPower, scenario.HealAt - Scenario.LongestCut);
        Plan(FaultKind.Skew, 3, () => Skew(SmallSkew));
        Plan(FaultKind.ClockJumps, 3, () => Skew(world.Pick(Jumps)));
        Plan(FaultKind.Duplicates, 5, Duplicate);
        Plan(FaultKind.NatsRestarts, 2, RestartNats);
        Plan(FaultKind.NatsEmptied, 2, EmptyNats);
        Plan(FaultKind.RedisEmptied, 2, EmptyRedis);
        Plan(FaultKind.RedisRolledBack, 2, RollBackRedis);
    }

    private void Plan(FaultKind fault, int most, Action strike, DateTimeOffset? until = null)
    {
        if (!weather.Has(fault))
            return;
        for (var times = 1 + world.Random.Next(most); times > 0; times--)
        {
            var at = scenario.FaultsFrom + (world.Random.NextDouble() * ((until ?? scenario.HealAt) - scenario.FaultsFrom));
            world.Begin(async () =>
            {
                await world.DelayAsync(at - world.Now);
                if (!weather.IsHealed)
                    strike();
            });
        }
    }

    private void Each(Action<NodeProcess> strike)
    {
        if (fleet.Living is { Count: > 0 } living)
            strike(world.Pick(living).Process);
    }

    /// <summary>One node after the other, as deployments go.</summary>
    private void Deploy()
    {
        var living = fleet.Living;
        if (living.Count == fleet.Size && !living.Any(n => n.IsStopping))
            world.Begin(world.Pick(living).StopAsync);
    }

    private void TakeAway() => TakeAway((Server)world.Random.Next(4), world.Between(0.5, 8));

    private void TakeAway(Server server, TimeSpan length)
    {
        world.Trace.Add("-", $"{server} is away for {length.TotalSeconds:0.000} s");
        weather.TakeAway(server, length);
    }

    /// <summary>Where it hurts most: before what was written is armed.</summary>
    private void CutPower() => weather.Trap(world.Chance(0.5) ? "ArmAsync" : null, last => fleet.CutPower(world.Between(60, Scenario.LongestCut.TotalSeconds), last));

    /// <summary>A machine's clock keeps its error when the node on it starts again.</summary>
    private void Skew(TimeSpan most)
    {
        var share = most > SmallSkew ? 0.5 + (world.Random.NextDouble() / 2) : world.Random.NextDouble();
        fleet.SetClock(world.Random.Next(fleet.Size), world.Chance(0.2) ? TimeSpan.Zero : most * share * (world.Chance(0.5) ? 1 : -1));
    }

    private void Duplicate()
    {
        var id = (world.Chance(0.5) ? servers.Queue.Stream : servers.Outcomes.Stream).Duplicate(world.Random.Next);
        if (id is not null)
            world.Trace.Add("-", $"Nats doubles {id}");
    }

    private void RestartNats()
    {
        world.Trace.Add("-", "Nats is restarted");
        foreach (var stream in new[] { servers.Queue.Stream, servers.Outcomes.Stream })
        {
            stream.ForgetIds();
            stream.Restart();
        }
    }

    private void EmptyNats()
    {
        var which = world.Random.Next(3);
        var executions = which != 0 ? servers.Queue.Stream.Empty() : 0;
        var outcomes = which != 1 ? servers.Outcomes.Stream.Empty() : 0;
        world.Trace.Add("-", $"Nats loses {executions} executions and {outcomes} outcomes");
    }

    private void EmptyRedis()
    {
        world.Trace.Add("-", "Redis is emptied");
        servers.Redis.Empty();
        ledger.AddLoss();
    }

    private void RollBackRedis()
    {
        var back = world.Chance(0.5) ? world.Between(0, 1) : world.Between(1, 15);
        var lost = servers.Redis.RollBackTo(world.Now - back);
        ledger.AddLoss();
        world.Trace.Add("-", $"Redis comes back without its last {back.TotalSeconds:0.000} s: {lost} commands");
    }
}
