using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Mutants;

namespace CronCloud.Simulation;

/// <summary>What came of a seed.</summary>
public sealed class SimulationResult
{
    private const int EventsAbout = 60;
    private const int LastEvents = 25;

    private readonly IReadOnlyList<Finding> _violations;
    private readonly World _world;

    internal SimulationResult(Mutant mutant, IReadOnlyList<Finding> findings, Evidence evidence, World world)
    {
        (Mutant, Evidence, _world) = (mutant, evidence, world);
        _violations = [.. findings.Where(f => f.DueBy <= world.Now)];
    }

    public int Seed => Evidence.Seed;

    public Mutant Mutant { get; }

    /// <summary>How many calls targets got.</summary>
    public int Calls => Evidence.Ledger.Calls.Count;

    public bool IsGood => _violations.Count == 0;

    public IReadOnlyList<string> Violations => [.. _violations.Select(v => v.ToString())];

    public string Trace => _world.Trace.ToString();

    /// <summary>What the verdict rests on.</summary>
    internal Evidence Evidence { get; }

    /// <summary>For people: what broke, how to run it again, and what happened to it.</summary>
    public string Report()
    {
        var about = _violations.Take(1).SelectMany(v => v.About).ToList();
        return $"""
            Seed {Seed} breaks a promise. Again, with the whole trace: CRONCLOUD_SEED={Seed} dotnet test tests/CronCloud.Simulation.Tests -c Release --filter Replay
            {string.Join('\n', Violations.Take(10))}
            What happened around the first of them:
            {_world.Trace.About([.. about, "dies", "starts", "Redis is", "Redis comes", "Nats is", "Nats loses", "away", "well again", "stands still"], EventsAbout)}
            The last that happened:
            {_world.Trace.Tail(LastEvents)}
            """;
    }
}
