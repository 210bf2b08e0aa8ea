using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Faults;
using CronCloud.Simulation.Mutants;
using CronCloud.Simulation.Nodes;
using CronCloud.Simulation.Scenarios;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation;

/// <summary>
/// The pipeline's own code in a world of its own: virtual time, one thread, twins in memory, faults by chance. Everything follows from the seed, so that
/// a run that breaks a promise is run again with its number.
/// </summary>
public static class Seed
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(420);

    /// <summary>A task whose end finds little room left on the stack goes on elsewhere, or later: how deep they lie must not depend on who runs the seed, nor on how the code is compiled by then.</summary>
    private const int StackSize = 64 << 20;

    public static SimulationResult Run(int seed, Mutant mutant = Mutant.None)
    {
        SimulationResult? result = null;
        Exception? failure = null;
        var world = new Thread(Run, StackSize);
        world.Start();
        world.Join();
        return result ?? throw new InvalidOperationException($"Seed {seed} did not run to its end: {failure?.Message}", failure);

        void Run()
        {
            try
            {
                result = RunWorld(seed, mutant);
            }
            catch (Exception broken)
            {
                failure = broken;
            }
        }
    }

    private static SimulationResult RunWorld(int seed, Mutant mutant)
    {
        var world = new World(seed);
        var scenario = Scenario.Of(world);
        world.Trace.Add("-", $"seed {seed}: {scenario.Nodes} nodes, {scenario.Faults}, healed at {scenario.HealAt:HH:mm:ss.fff}");
        var weather = new Weather(world, scenario.Faults);
        var servers = new Servers(world.Time);
        var ledger = new Ledger(world);
        var fleet = new Fleet(world, weather, servers, scenario.Partitions, scenario.Nodes, mutant, ledger);
        new ApiClient(world, fleet, servers, scenario, ledger).Start();
        new Nemesis(world, scenario, weather, servers, fleet, ledger).Start();
        world.Post(fleet.StartAll);

        world.RunUntil(scenario.HealAt);
        weather.Heal();
        world.Trace.Add("-", "all is well again");
        world.Post(fleet.Heal);
        IReadOnlyList<Finding> findings;
        Evidence evidence;
        do
        {
            world.RunUntil(world.Now + CheckEvery);
            evidence = new Evidence(seed, scenario, ledger, servers, world.Now);
            findings = Checker.Check(evidence);
        }
        while (findings.Any(f => !f.IsYoung || f.DueBy <= world.Now) && world.Now < scenario.HealAt + LongestWait);
        return new SimulationResult(mutant, findings, evidence, world);
    }
}
