using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Simulation.Faults;
using CronCloud.Simulation.Scenarios;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation.Checking;

/// <summary>All that the checks judge by, and the bounds that they hold the product to.</summary>
internal sealed class Evidence
{
    /// <summary>The promise without a fault.</summary>
    private static readonly TimeSpan Punctual = TimeSpan.FromSeconds(5);

    /// <summary>From the end of all faults until everything is where it belongs: leases, redelivery, pauses between tries.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(16);

    /// <summary>Until the deadline of a flight: the longest timeout of these worlds and the grace.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(6 + 60);

    /// <summary>How soon a loss of the index must be noticed and made good.</summary>
    private static readonly TimeSpan Rebuild = TimeSpan.FromSeconds(10);

    public Evidence(int seed, Scenario scenario, Ledger ledger, Servers servers, DateTimeOffset now)
    {
        (Seed, Scenario, Ledger, Servers, Now) = (seed, scenario, ledger, servers, now);
        Executions = [.. ledger.Calls.GroupBy(c => (c.Execution.Job, c.Execution.ScheduledAt, c.Execution.Trigger, c.Key)).Select(g => new SeenExecution([.. g]))];
        ByOccurrence = Executions.Where(e => e.First.Trigger == Trigger.Schedule).ToLookup(e => (e.First.Job, e.First.ScheduledAt));
        ByKey = Executions.ToLookup(e => e.Key);
        Versions = [.. servers.Jobs.Commits.GroupBy(c => c.Job.Key).SelectMany(g => JobVersion.Of([.. g], this))];
    }

    public int Seed { get; }

    public Scenario Scenario { get; }

    public Ledger Ledger { get; }

    public Servers Servers { get; }

    public DateTimeOffset Now { get; }

    public IReadOnlyList<SeenExecution> Executions { get; }

    public ILookup<(JobKey Job, DateTimeOffset ScheduledAt), SeenExecution> ByOccurrence { get; }

    public ILookup<string, SeenExecution> ByKey { get; }

    public IReadOnlyList<JobVersion> Versions { get; }

    /// <summary>Stopping a node on purpose must not show.</summary>
    public bool IsFaultless => (Scenario.Faults & ~FaultKind.Deployments) == FaultKind.None;

    /// <summary>How far clocks may be apart.</summary>
    public TimeSpan Skew => Has(FaultKind.Skew) ? Scenario.LargestSkew : TimeSpan.Zero;

    public bool Has(FaultKind fault) => (Scenario.Faults & fault) != FaultKind.None;

    /// <summary>By when what was to happen at the instant must have happened.</summary>
    public DateTimeOffset StartBy(DateTimeOffset instant)
    {
        if (IsFaultless)
            return instant + Punctual;
        if (instant > Settled)
            return instant + Punctual;
        var from = instant > Scenario.HealAt ? instant : Scenario.HealAt;
        return from + Recovery + (Has(FaultKind.NatsEmptied) || Has(FaultKind.RedisRolledBack) ? Deadline : TimeSpan.Zero);
    }

    /// <summary>NATS lost it with its store. Where it had been settled and not been written, history never hears of it: nothing promises more.</summary>
    public bool IsOutcomeLost(SeenExecution execution, int attempt) => Servers.Outcomes.Stream.Lost.Contains($"{execution.Key}#{attempt}");

    public bool IsYoung(DateTimeOffset instant) => instant > Scenario.HealAt;

    /// <summary>From here on nothing may be left of the faults.</summary>
    public DateTimeOffset Settled => Scenario.HealAt + Recovery + (Has(FaultKind.NatsEmptied) || Has(FaultKind.RedisRolledBack) ? Deadline : TimeSpan.Zero);

    /// <summary>Until when an older version may go on where no answer said that it was replaced, or where the index came back older than it was.</summary>
    public DateTimeOffset LastOfOldVersions => Scenario.HealAt + Rebuild;
}

/// <summary>All calls of one execution, in their order.</summary>
internal sealed record SeenExecution(IReadOnlyList<TargetCall> Calls)
{
    public Execution First => Calls[0].Execution;

    public string Key => Calls[0].Key;

    /// <summary>An occurrence at an edit may be started by either version, and then by both: its target is not one.</summary>
    public bool IsOfOneVersion => Calls.All(c => c.Execution.JobVersion == First.JobVersion);

    public AttemptChain Chain(int seed) => AttemptChain.Of(seed, First);
}
