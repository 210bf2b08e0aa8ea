using System.Globalization;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Clocks;
using CronCloud.Simulation.Faults;
using CronCloud.Simulation.Scenarios;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation.Checking;

/// <summary>All that the checks judge by, and the bounds that they hold the product to.</summary>
internal sealed class Evidence
{
    /// <summary>The promise without a fault.</summary>
    private static readonly TimeSpan Punctual = TimeSpan.FromSeconds(5);

    /// <summary>Handing an attempt on: queue, outcome, settling, waking.</summary>
    public static readonly TimeSpan PerAttempt = TimeSpan.FromSeconds(2);

    /// <summary>From the end of all faults until everything is where it belongs: leases, redelivery, pauses between tries.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(16);

    /// <summary>Until the deadline of a flight: the longest timeout of these worlds and the grace.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(6 + 60);

    /// <summary>An execution that kills its nodes goes on doing so for three claims, and each is noticed by the queue's patience.</summary>
    private static readonly TimeSpan Killing = TimeSpan.FromSeconds(20);

    /// <summary>What the scan of invariants frees or takes out it looks at twice, a minute apart; the first look may come a minute after.</summary>
    private static readonly TimeSpan Scanning = TimeSpan.FromSeconds(60 + 60 + 12);

    /// <summary>How long something that is due may wait while nodes are dead or stand still.</summary>
    private TimeSpan Backlog => TimeSpan.FromSeconds(20) + (Has(FaultKind.LongOutages) ? Scenario.LongestOutage : TimeSpan.Zero);

    private readonly Dictionary<string, AttemptChain> _chains = [];
    private readonly Dictionary<string, DateTimeOffset> _givenUpAt;

    /// <summary>How soon a loss of the index must be noticed and made good.</summary>
    private static readonly TimeSpan Rebuild = TimeSpan.FromSeconds(10);

    public Evidence(int seed, Scenario scenario, Ledger ledger, Servers servers, DateTimeOffset now)
    {
        (Seed, Scenario, Ledger, Servers, Now) = (seed, scenario, ledger, servers, now);
        Executions = [.. ledger.Calls.GroupBy(c => (c.Execution.Job, c.Execution.ScheduledAt, c.Key)).Select(g => new SeenExecution([.. g]))];
        ByOccurrence = Executions.Where(e => !e.IsManual).ToLookup(e => (e.First.Job, e.First.ScheduledAt));
        ByKey = Executions.ToLookup(e => e.Key);
        Drops = new Drops(servers.History.Rows.Concat(servers.Outcomes.Lost.Select(HistoryRow.Of)));
        Crashes = servers.History.Rows.Where(r => IsCrash(r.Error)).Select(IdOf)
            .Concat(servers.Outcomes.Lost.Where(o => IsCrash(o.Error)).Select(o => o.Execution.AttemptId))
            .Concat(servers.DeadLetters.Letters.Where(l => IsCrash(l.Error)).Select(l => l.Execution.AttemptId))
            .Concat(servers.History.Rows.Where(r => r.Result == AttemptResult.Succeeded && servers.DeadLetters.Redriven.ContainsKey(IdOf(r))).Select(IdOf)).ToHashSet();
        _givenUpAt = servers.History.Rows.Concat(servers.Outcomes.Lost.Select(HistoryRow.Of)).Where(r => IsCrash(r.Error)).GroupBy(IdOf).ToDictionary(g => g.Key, g => g.Min(r => r.StartedAt));
        Versions = [.. servers.Jobs.Commits.GroupBy(c => c.Job.Key).SelectMany(g => JobVersion.Of([.. g], this))];
        Slots = new Slots(this);
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

    public Drops Drops { get; }

    /// <summary>Ids of the attempts that were given up since they killed their workers: also those that succeeded all the same, and were redriven, so that no row and no letter says it any more.</summary>
    public IReadOnlySet<string> Crashes { get; }

    /// <summary>When an attempt was given up as worker-crash; the end of time when it was not.</summary>
    public DateTimeOffset GivenUpAt(string attemptId) => _givenUpAt.GetValueOrDefault(attemptId, DateTimeOffset.MaxValue);

    public Slots Slots { get; }

    /// <summary>Stopping a node on purpose must not show.</summary>
    public bool IsFaultless => (Scenario.Faults & ~FaultKind.Deployments) == FaultKind.None;

    /// <summary>How far the clocks that nodes go by may be off. A guard believes a machine that is wrong by less than its tolerance, and no other.</summary>
    public TimeSpan Skew => Has(FaultKind.Skew) ? ClockGuard.Tolerance : TimeSpan.Zero;

    public bool Has(FaultKind fault) => (Scenario.Faults & fault) != FaultKind.None;

    /// <summary>By when what was to happen at the instant must have happened.</summary>
    public DateTimeOffset StartBy(DateTimeOffset instant, Overlap overlap)
    {
        var settled = SettledFor(overlap);
        return IsFaultless || instant > settled ? instant + Punctual : Later(instant, Scenario.HealAt) + (settled - Scenario.HealAt);
    }

    /// <summary>By when an execution must have ended, redrives included.</summary>
    public DateTimeOffset EndBy(SeenExecution execution)
    {
        if (IsForgotten(execution))
            return DateTimeOffset.MaxValue.AddDays(-1);
        var chain = ChainOf(execution);
        var redriven = chain.Rounds.Select(r => Servers.DeadLetters.Redriven.GetValueOrDefault($"{execution.Key}#{r - 1}")).Max();
        var begins = StartBy(Later(execution.First.ScheduledAt, redriven), execution.First.Overlap) + PutOffFor(execution.Key);
        if (execution.First.Overlap == Overlap.Queue)
            begins = Later(begins, Slots.FreeBy(execution.First.Job, execution.Key, Now));
        return begins + chain.Length(execution.First.Retry) + (PerAttempt * chain.Attempts.Count);
    }

    /// <summary>
    /// Its node died between queueing it and marking its flight, its job was deleted before another node came to it, and then NATS lost its message or its outcome: no
    /// place is left that knows of it. Of a job that was edited the left-over is dispatched once more; a deleted one has none. Nor is there anything to come of it when the other node
    /// told it as dropped, though a worker had begun it.
    /// </summary>
    private bool IsForgotten(SeenExecution execution) => IsDroppedAndLost(execution) || (
        IsLost(execution.First.AttemptId)
        && Servers.Jobs.Commits.Any(c => c.Job.Key == execution.First.Job && c.Job.State == JobState.Deleted && c.Job.Version > execution.First.JobVersion));

    private bool IsDroppedAndLost(SeenExecution execution)
    {
        var last = execution.Calls.Max(c => c.Execution.Attempt);
        return Drops.Of(execution.Key, last) is not null && IsLost($"{execution.Key}#{last}");
    }

    public AttemptChain ChainOf(SeenExecution execution) => _chains.TryGetValue(execution.Key, out var chain) ? chain : _chains[execution.Key] = AttemptChain.Of(this, execution.First);

    /// <summary>
    /// Whether a worker put that attempt off, and the next one took its place. Where another worker made it as well, or gave it up, the first outcome to be settled is what
    /// counts, and the next attempt tells which that was.
    /// </summary>
    public bool IsPutOff(string execution, int attempt)
    {
        if (!Servers.Outcomes.PutOff.Contains($"{execution}#{attempt}"))
            return false;
        var calls = ByKey[execution].SelectMany(e => e.Calls).ToList();
        var next = $"{execution}#{attempt + 1}";
        if (calls.Exists(c => c.Execution.Attempt > attempt) || Servers.Outcomes.PutOff.Contains(next) || Crashes.Contains(next) || Drops.Of(execution, attempt + 1) is not null)
            return !calls.Exists(c => c.Execution.Attempt > attempt && c.Execution.Earlier?.Any(e => e.Number == attempt) == true);
        return !Crashes.Contains($"{execution}#{attempt}") && !calls.Exists(c => c.Execution.Attempt == attempt);
    }

    /// <summary>
    /// How many attempts one worker made and another put off, since a fault made them twice: each of the two has a next attempt, and the one of the second may go on by
    /// so many numbers more.
    /// </summary>
    public int MadeAndPutOff(string execution) =>
        IsFaultless ? 0 : ByKey[execution].SelectMany(e => e.Calls).Select(c => c.Execution.Attempt).Distinct().Count(attempt => Servers.Outcomes.PutOff.Contains($"{execution}#{attempt}"));

    /// <summary>The first attempt that was not put off.</summary>
    public int FirstMade(string execution)
    {
        var attempt = 1;
        while (IsPutOff(execution, attempt))
            attempt++;
        return attempt;
    }

    /// <summary>How long a first attempt was put off at most.</summary>
    public TimeSpan PutOffFor(string execution) => (FirstMade(execution) - 1) * (AttemptChain.LongestPutOff + PerAttempt);

    /// <summary>How often an attempt was handed to workers; while it was put off, the one that did so claimed nothing.</summary>
    public int ClaimsOf(string attemptId)
    {
        var hash = attemptId.LastIndexOf('#');
        var claims = Servers.Queue.Stream.Claims(attemptId);
        for (var before = int.Parse(attemptId[(hash + 1)..], CultureInfo.InvariantCulture) - 1; Servers.Outcomes.PutOff.Contains($"{attemptId[..hash]}#{before}"); before--)
            claims += Servers.Queue.Stream.Claims($"{attemptId[..hash]}#{before}") - 1;
        return claims;
    }

    /// <summary>Whether a target saw that attempt.</summary>
    public bool WasCalled(string execution, int attempt) => ByKey[execution].Any(e => e.Calls.Any(c => c.Execution.Attempt == attempt));

    /// <summary>Whether a target saw that attempt or a later one.</summary>
    public bool WasTried(string execution, int attempt) => ByKey[execution].Any(e => e.Calls.Any(c => c.Execution.Attempt >= attempt));

    private bool IsLost(string attemptId) => Servers.Queue.Stream.Lost.Concat(Servers.Outcomes.Stream.Lost).Any(m => m.Id.StartsWith(attemptId, StringComparison.Ordinal));

    /// <summary>NATS lost it with its store. Where it had been settled and not been written, history never hears of it: nothing promises more.</summary>
    public bool IsOutcomeLost(string execution, int attempt) => Servers.Outcomes.Lost.Any(o => o.Execution.AttemptId == $"{execution}#{attempt}");

    /// <summary>
    /// A retry of a deleted job is told as skipped in the place of its row, and may have been made all the same: before, where an older copy of the index brings it back;
    /// or after, where the step was half done, and done again while the record was away and nothing was known to be deleted. A first attempt that NATS lost, and whose
    /// step was half done, may be told as missed.
    /// </summary>
    public bool IsToldAsDropped(string execution, int attempt) => (attempt > 1 || Has(FaultKind.NatsEmptied)) && !IsFaultless && Drops.Of(execution, attempt) is not null;

    /// <summary>
    /// What an older version was still due is kept by the index alone: the record tells the version in force, and an edit that comes before a lost
    /// index is built again, or a loss that comes before its left-overs are worked off, ends the older one's occurrences.
    /// </summary>
    public bool IsLeftOverLost(JobVersion version, DateTimeOffset occurrence) =>
        version.MustUntil is { } edited && Ledger.Losses.Any(loss => edited <= Later(loss + Rebuild, Scenario.HealAt) && Lived(occurrence, loss) <= Backlog);

    /// <summary>How long from one instant to the other there was power.</summary>
    public TimeSpan Lived(DateTimeOffset from, DateTimeOffset until) =>
        until - from - Ledger.Cuts.Select(cut => (From: Later(cut.From, from), Until: cut.Until < until ? cut.Until : until)).Where(dark => dark.Until > dark.From).Aggregate(TimeSpan.Zero, (all, dark) => all + (dark.Until - dark.From));

    public bool IsYoung(DateTimeOffset instant) => instant > Scenario.HealAt;

    /// <summary>From here on nothing may be left of the faults but slots and strays.</summary>
    public DateTimeOffset Settled => Scenario.HealAt + Recovery + (Has(FaultKind.Poison) ? Killing : TimeSpan.Zero) + (Has(FaultKind.NatsEmptied | FaultKind.RedisRolledBack) ? Deadline : TimeSpan.Zero);

    /// <summary>From here on not even those. With the index it is lost who had a slot: it is given once more to what has ended, and comes free by a flight's deadline.</summary>
    public DateTimeOffset Freed => IsFaultless ? Settled : Settled + Scanning + (Has(FaultKind.RedisEmptied) ? Deadline : TimeSpan.Zero);

    /// <summary>From here on the record has no row of what has ended: one that waited behind a lost slot is given up by its own flight's deadline, and then looked at twice.</summary>
    public DateTimeOffset Forgotten => Ledger.Losses.Count > 0 ? Freed + Deadline : Freed;

    private DateTimeOffset SettledFor(Overlap overlap) => overlap == Overlap.Allow ? Settled : Freed;

    /// <summary>Until when an older version may go on where no answer said that it was replaced, or where the index came back older than it was.</summary>
    public DateTimeOffset LastOfOldVersions => Scenario.HealAt + Rebuild;

    private static string IdOf(HistoryRow row) => $"{row.Tenant}/{row.ExecutionId}#{row.Attempt}";

    private static bool IsCrash(string? error) => error?.StartsWith("worker-crash", StringComparison.Ordinal) == true;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
