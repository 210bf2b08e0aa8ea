using CronCloud.Simulation.Nodes;

namespace CronCloud.Simulation.Faults;

/// <summary>Decides what becomes of each call while the faults last. One kind of step is in focus in each seed: there faults are frequent.</summary>
internal sealed class Weather(World world, FaultKind faults)
{
    private const double OftenInFocus = 0.1;
    private const double OftenAtEffects = 0.012;
    private const double OftenElsewhere = 0.0008;

    /// <summary>Steps that change something; the others only ask.</summary>
    private static readonly string[] Effects =
    [
        "PublishAsync", "AdvanceAsync", "LandAsync", "ArmAsync", "ClaimAsync", "ExtendFlightsAsync", "AcknowledgeAsync", "ReturnAsync", "WriteAsync", "KeepAsync",
        "RemoveAsync", "CallAsync", "EndBuildAsync", "BeginBuildAsync", "ReadActiveAsync",
    ];

    private readonly string _focus = world.Pick(Effects);
    private (string Step, Action<NodeProcess> Springs)? _trap;
    private readonly DateTimeOffset[] _awayUntil = new DateTimeOffset[Enum.GetValues<Server>().Length];

    /// <summary>From here on nothing goes wrong any more.</summary>
    public bool IsHealed { get; private set; }

    public bool Has(FaultKind fault) => (faults & fault) != FaultKind.None;

    public void Heal() => IsHealed = true;

    public void TakeAway(Server server, TimeSpan length) => _awayUntil[(int)server] = world.Now + length;

    /// <summary>The node that takes the step next dies of it, and what happens to the others happens with it.</summary>
    /// <param name="step">Null for any of those that change something.</param>
    /// <param name="springs">Is given the node.</param>
    public void Trap(string? step, Action<NodeProcess> springs) => _trap = (step ?? world.Pick(Effects), springs);

    public CallPlan Of(NodeProcess node, Server server, string step)
    {
        var plan = new CallPlan(world.Between(0.0001, 0.003), world.Between(0, 0.001));
        if (IsHealed || faults == FaultKind.None)
            return plan;

        var often = step == _focus ? OftenInFocus : Effects.Contains(step) ? OftenAtEffects : OftenElsewhere;
        if (Has(FaultKind.Pauses) && world.Chance(often / 4))
            node.Pause(world.Between(0.5, 12));
        if (Has(FaultKind.Kills) && world.Chance(often / 3))
            plan = plan with { Kills = Either() };
        if (Has(FaultKind.Delays) && world.Chance(often))
            plan = world.Chance(0.5) ? plan with { Before = world.Between(0.05, 6) } : plan with { After = world.Between(0.05, 6) };
        if (Has(FaultKind.Partials) && step == "PublishAsync" && world.Chance(0.15))
            plan = plan with { Share = world.Random.NextDouble() };
        if (server != Server.Target && (world.Now < _awayUntil[(int)server] || (Has(FaultKind.Errors) && world.Chance(often))))
            plan = plan with { Fails = world.Chance(0.7) ? Moment.Before : Moment.After };
        return _trap?.Step == step ? Spring(node, plan) : plan;
    }

    private CallPlan Spring(NodeProcess node, CallPlan plan)
    {
        var springs = _trap!.Value.Springs;
        _trap = null;
        springs(node);
        return plan with { Kills = Either() };
    }

    private Moment Either() => world.Chance(0.5) ? Moment.Before : Moment.After;
}
