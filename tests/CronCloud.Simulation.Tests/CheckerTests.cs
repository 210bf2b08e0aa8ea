using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Faults;

namespace CronCloud.Simulation.Tests;

/// <summary>A world that went well is told differently, one lie at a time: the checker must not believe any.</summary>
public sealed class CheckerTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>The first world without faults in which executions were retried, one became a dead letter, and some might not overlap.</summary>
    private static readonly Lazy<int> GoodSeed = new(() => Enumerable.Range(1, 2_000).First(seed =>
    {
        var result = Seed.Run(seed);
        var (calls, evidence) = (result.Evidence.Ledger.Calls, result.Evidence);
        return result.IsGood && evidence.Scenario.Faults == FaultKind.None && calls.Count > 25 && calls.Any(c => c.Execution.Attempt == 2)
            && evidence.Servers.DeadLetters.Letters.Count > 0 && evidence.Slots.ByJob.Any(job => job.Count() > 2) && evidence.Executions.Any(e => e.First.Overlap == Overlap.Allow);
    }));

    private readonly Evidence _truth = Seed.Run(GoodSeed.Value).Evidence;

    private TargetCall Retried => _truth.Ledger.Calls.First(c => c.Execution.Attempt == 2);

    private TargetCall Planned =>
        _truth.Executions.First(e => e.First is { Trigger: Trigger.Schedule, Overlap: Overlap.Allow } && LivesOn(e.First.Job) && _truth.Versions.Any(v => v.Job.Key == e.First.Job && v.Occurrences(_truth.Scenario.HealAt).Contains(e.First.ScheduledAt)) && e.Calls.Count == 1).Calls[0];

    /// <summary>Of a deleted job less must happen.</summary>
    private bool LivesOn(JobKey job) => !_truth.Versions.Any(v => v.Job.Key == job && v.Job.State == JobState.Deleted);

    [Fact]
    public void The_truth_is_believed() => Assert.Empty(Violations(_truth.Ledger));

    [Fact]
    public void A_missed_occurrence_is_found() => Found("I1", "missed", calls => calls.Where(c => c.Key != Planned.Key), later: Minute);

    [Fact]
    public void A_late_start_is_found() => Found("I1", "late", calls => calls.Select(c => c.Key == Planned.Key ? c with { At = c.At + Minute } : c));

    [Fact]
    public void A_retry_that_never_came_is_found() => Found("I1", "never tried", calls => calls.Where(c => c.Key != Retried.Key || c.Execution.Attempt == 1), later: Minute);

    [Fact]
    public void A_second_key_is_found() =>
        Found("I2", "has keys", calls => calls.Append(Planned with { Execution = Planned.Execution with { ExecutionId = "another@20261201T030000Z" } }));

    [Fact]
    public void A_key_of_two_occurrences_is_found() =>
        Found("I2", "is the key of", calls => calls.Append(Planned with { Execution = Planned.Execution with { ScheduledAt = Planned.Execution.ScheduledAt.AddMilliseconds(1) } }));

    [Fact]
    public void A_duplicate_without_a_fault_is_found() => Found("I2", "without any fault", calls => calls.Append(Planned));

    [Fact]
    public void An_early_start_is_found() => Found("I3", "early", calls => calls.Select(c => c == Planned ? c with { At = c.Execution.ScheduledAt.AddTicks(-1) } : c));

    [Fact]
    public void A_start_by_no_version_is_found() => Found("I4", "never was", calls => calls.Append(Planned with { Execution = Planned.Execution with { JobVersion = 99 } }));

    [Fact]
    public void A_start_at_no_occurrence_is_found() => Found("I4", "no occurrence", calls => calls.Append(Moved(TimeSpan.FromMilliseconds(1))));

    [Fact]
    public void A_start_that_nobody_asked_for_is_found() => Found("I4", "by nobody", calls => calls.Append(Moved(TimeSpan.FromMilliseconds(1)) with { Execution = Moved(TimeSpan.FromMilliseconds(1)).Execution with { Trigger = Trigger.Manual } }));

    [Fact]
    public void An_answered_change_that_the_record_lost_is_found()
    {
        var forged = _truth.Ledger.Forged(calls => calls, o => o.Reply?.Job is { } job ? o with { Reply = o.Reply with { Job = job with { Version = job.Version + 100 } } } : o);

        Found("I5", "not in the record", forged);
    }

    [Fact]
    public void An_attempt_too_many_is_found() => Found("I7", "has an attempt 9", calls => calls.Append(Planned with { Execution = Planned.Execution with { Attempt = 9 } }));

    [Fact]
    public void A_retry_before_its_time_is_found() =>
        Found("I7", "before its pause", calls => calls.Select(c => c == Retried ? c with { At = c.At.AddSeconds(-1) } : c));

    [Fact]
    public void A_history_without_an_execution_is_found() => Found("I9", "the attempts  of", calls => calls.Append(Moved(TimeSpan.FromMilliseconds(1))), later: Minute);

    [Fact]
    public void A_history_of_what_never_was_is_found() => Found("I9", "which no target saw", calls => calls.Where(c => c.Key != Planned.Key));

    [Fact]
    public void An_index_that_lost_a_job_is_found()
    {
        _truth.Servers.Redis.Empty();

        Found("I8", "not in the index", _truth.Ledger, later: Minute);
    }

    [Fact]
    public async Task A_pending_execution_that_is_over_is_found()
    {
        await _truth.Servers.Pending.KeepAsync([new PendingExecution(Retried.Execution, Retried.At)], CancellationToken.None);

        Found("I8", "pending", _truth.Ledger, later: Minute);
    }

    [Fact]
    public async Task A_message_that_nobody_takes_is_found()
    {
        await _truth.Servers.Queue.PublishAsync([new StreamMessage("stuck", 1, new byte[] { 1 })], CancellationToken.None);

        Found("I8", "the execution queue holds", _truth.Ledger, later: Minute);
    }

    [Fact]
    public void Executions_that_overlap_are_found()
    {
        var pair = _truth.Slots.ByJob.First(job => job.Count() > 2).OrderBy(e => e.Calls[0].At).Take(2).ToList();

        Found("I6", "began at", calls => calls.Select(c => c == pair[1].Calls[0] ? c with { At = pair[0].Calls[0].At.AddTicks(1) } : c));
    }

    [Fact]
    public async Task A_slot_that_an_ended_execution_keeps_is_found()
    {
        var ended = _truth.Slots.ByJob.First(job => job.Count() > 2).MinBy(e => e.Calls[0].At)!.First;
        foreach (var slot in await _truth.Servers.Redis.Index.ReadSlotsAsync(ended.Job.Partition, CancellationToken.None))
            await _truth.Servers.Redis.Index.LandAsync(ended.Job.Partition, [new Landing(null, null) { Frees = slot }], _truth.Now, CancellationToken.None);
        await _truth.Servers.Redis.Index.ClaimAsync(ended.Job.Partition, [ended.Slot!], CancellationToken.None);

        Found("I8", "has the slot", _truth.Ledger, later: Minute);
    }

    [Fact]
    public async Task A_dead_letter_that_is_missing_is_found()
    {
        var letter = _truth.Servers.DeadLetters.Letters.First(l => l.Execution.ScheduledAt < _truth.Scenario.HealAt);
        await _truth.Servers.DeadLetters.DiscardAsync(letter.Execution.Tenant, letter.Execution.ExecutionId, CancellationToken.None);

        Found("I7", "is no dead letter", _truth.Ledger, later: Minute);
    }

    [Fact]
    public void A_dead_letter_that_nobody_hears_of_is_found()
    {
        var letter = _truth.Servers.DeadLetters.Letters.First(l => l.Execution.ScheduledAt < _truth.Scenario.HealAt);
        _truth.Servers.Incidents.Lose(letter.Execution.Job);

        Found("I10", "nobody hears of", _truth.Ledger, later: Minute);
    }

    [Fact]
    public async Task A_dead_letter_of_what_succeeded_is_found()
    {
        await _truth.Servers.DeadLetters.KeepAsync([DeadLetter.Of(OutcomeOf(Succeeded, AttemptResult.Failed, TimeSpan.Zero))], CancellationToken.None);

        Found("I7", "is a dead letter after", _truth.Ledger);
    }

    [Fact]
    public async Task An_attempt_that_is_given_up_too_soon_is_found()
    {
        await _truth.Servers.DeadLetters.KeepAsync([DeadLetter.Of(OutcomeOf(Succeeded, AttemptResult.Failed, TimeSpan.Zero) with { Error = "worker-crash: so it says" })], CancellationToken.None);

        Found("I7", "was given up", _truth.Ledger);
    }

    [Fact]
    public void A_redrive_that_the_record_lost_is_found()
    {
        _truth.Ledger.AddRedrive(Planned.Execution.AttemptId).Answer = true;

        Found("I5", "is not in the record", _truth.Ledger);
    }

    [Theory]
    [InlineData(AttemptResult.Missed, "was only")]
    [InlineData(AttemptResult.Skipped, "may overlap")]
    public async Task An_occurrence_that_no_policy_lets_go_is_found(AttemptResult told, string what)
    {
        var allowed = _truth.Executions.First(e => e.First is { Trigger: Trigger.Schedule, Overlap: Overlap.Allow } && !_truth.Versions.Any(v => v.Job.Key == e.First.Job && (v.Job.State == JobState.Deleted || v.Job.Definition.Overlap != Overlap.Allow)));
        await _truth.Servers.History.WriteAsync([HistoryRow.Of(OutcomeOf(allowed.Calls[0], told, TimeSpan.FromSeconds(29)))], CancellationToken.None);

        Found("I1", what, _truth.Ledger);
    }

    private TargetCall Succeeded => _truth.Executions.First(e => e.Calls[0].Reply.Answer.Result == AttemptResult.Succeeded).Calls[0];

    private static Outcome OutcomeOf(TargetCall call, AttemptResult result, TimeSpan late) => new() { Execution = call.Execution, Result = result, StartedAt = call.Execution.ScheduledAt + late, DurationMs = 0, Node = "n" };

    private TargetCall Moved(TimeSpan by) =>
        Planned with { Execution = Planned.Execution with { ScheduledAt = Planned.Execution.ScheduledAt + by, ExecutionId = ExecutionId.Of(Planned.Execution.JobId, Planned.Execution.ScheduledAt + by) } };

    private void Found(string invariant, string what, Func<IEnumerable<TargetCall>, IEnumerable<TargetCall>> lie, TimeSpan later = default) => Found(invariant, what, _truth.Ledger.Forged(lie), later);

    private void Found(string invariant, string what, Ledger ledger, TimeSpan later = default) =>
        Assert.Contains(Violations(ledger, later), v => v.StartsWith($"{invariant}: ", StringComparison.Ordinal) && v.Contains(what, StringComparison.Ordinal));

    private List<string> Violations(Ledger ledger, TimeSpan later = default)
    {
        var evidence = new Evidence(_truth.Seed, _truth.Scenario, ledger, _truth.Servers, _truth.Now + later);
        return [.. Checker.Check(evidence).Where(f => f.DueBy <= evidence.Now).Select(f => f.ToString())];
    }
}
