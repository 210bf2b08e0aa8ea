using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Timelines;

namespace CronCloud.Core.Tests.Timelines;

public sealed class TimelineTests
{
    private static readonly DateTimeOffset Due = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    private readonly List<HistoryRow> _rows = [];
    private DateTimeOffset _now = Due.AddMilliseconds(20);
    private Execution _execution = new()
    {
        Tenant = "t",
        JobId = "a",
        JobVersion = 1,
        ExecutionId = ExecutionId.Of("a", Due),
        ScheduledAt = Due,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target { Http = new HttpTarget { Url = "https://example.com" } },
        Retry = new RetryPolicy { Jitter = false },
        TraceParent = TraceParent.New(),
    };

    [Fact]
    public void A_success_is_due_dispatched_started_and_succeeded()
    {
        End(AttemptResult.Succeeded, 200);

        var events = Tell();

        Assert.Equal(["due", "dispatched", "started", "succeeded"], Kinds(events));
        Assert.Equal([0, 20, 25, 75], events.Select(e => (int)(e.At - Due).TotalMilliseconds));
        Assert.Equal(("scheduler-1", new JobKey("t", "a").Partition), (events[1].Node, events[1].Partition));
        Assert.Equal(("worker-1", 1, "attempt 1 of calling the target began, 25 ms after its due time"), (events[2].Node, events[2].Attempt, events[2].Detail));
        Assert.Equal((200, 50L, "the target answered 200 after 50 ms"), (events[3].StatusCode, events[3].DurationMs, events[3].Detail));
    }

    [Fact]
    public void A_retry_tells_its_cause_its_number_its_pause_and_the_policy_it_follows_from()
    {
        End(AttemptResult.Failed, 503);
        End(AttemptResult.TimedOut, null);

        var retries = Tell().Where(e => e.Event == TimelineEventKind.Retry).ToList();

        Assert.Equal("the target answered 503; attempt 2 of 6 follows after 10s, because the job retries with initialDelay 10s, multiplier 2", retries[0].Detail);
        Assert.Equal("the target did not answer in time; attempt 3 of 6 follows after 20s, because the job retries with initialDelay 10s, multiplier 2", retries[1].Detail);
        Assert.Equal(_rows.Select(row => row.NextAttemptAt), retries.Select(retry => retry.DueAt));
    }

    [Fact]
    public void A_pause_that_is_capped_and_shortened_by_jitter_says_so()
    {
        _execution = _execution with { Retry = new RetryPolicy { InitialDelay = TimeSpan.FromSeconds(10), MaxDelay = TimeSpan.FromSeconds(10) } };
        End(AttemptResult.Failed, 500);
        End(AttemptResult.Failed, 500);

        var retry = Tell().Last(e => e.Event == TimelineEventKind.Retry);

        Assert.EndsWith("because the job retries with initialDelay 10s, multiplier 2, maxDelay 10s, jitter", retry.Detail, StringComparison.Ordinal);
        Assert.InRange((retry.DueAt!.Value - retry.At).TotalSeconds, 7.5, 10);
    }

    [Fact]
    public void A_pause_that_the_target_asked_for_is_told_as_that()
    {
        End(AttemptResult.Failed, 429, retryAfter: TimeSpan.FromMinutes(2));

        Assert.Equal(
            "the target answered 429; attempt 2 of 6 follows after 2m, because the target asked for it (Retry-After); the job's own pause is 10s",
            Tell().Single(e => e.Event == TimelineEventKind.Retry).Detail);
    }

    [Fact]
    public void A_pause_of_another_policy_than_the_one_that_is_known_is_ascribed_to_neither()
    {
        End(AttemptResult.Refused, null);

        var retry = Tell(source => source with { Retry = new RetryPolicy { InitialDelay = TimeSpan.FromSeconds(1), Jitter = false } }).Single(e => e.Event == TimelineEventKind.Retry);
        Assert.Equal("the target could not be reached; attempt 2 of 6 follows after 10s, by the retry policy that the execution was given", retry.Detail);
        Assert.Equal("the target could not be reached; attempt 2 follows after 10s", Tell(source => source with { Retry = null }).Single(e => e.Event == TimelineEventKind.Retry).Detail);
    }

    [Fact]
    public void What_is_put_off_is_no_attempt_and_takes_no_number()
    {
        End(AttemptResult.PutOff, null, "too many attempts wait for the destination, which is slow", retryAfter: TimeSpan.FromSeconds(4));
        End(AttemptResult.Failed, 500);
        End(AttemptResult.Succeeded, 204);

        var events = Tell();

        Assert.Equal(["due", "dispatched", "putOff", "dispatched", "started", "failed", "retry", "dispatched", "started", "succeeded"], Kinds(events));
        Assert.Equal([1, 1, 2], events.Where(e => e.Event is TimelineEventKind.PutOff or TimelineEventKind.Started).Select(e => e.Attempt!.Value));
        Assert.StartsWith("the worker had no place for attempt 1: too many attempts wait for the destination, which is slow; it comes again at ", events[2].Detail, StringComparison.Ordinal);
        Assert.Contains("attempt 2 of 6 follows after 10s, because", events[6].Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, null, 5, "the target answered 404: the request is wrong and would stay so, and the job does not retry client errors")]
    [InlineData(500, null, 0, "the target answered 500, and the job retries nothing")]
    [InlineData(500, null, 1, "the target answered 500, and all 2 attempts are used up")]
    [InlineData(null, "worker-crash: 3 workers claimed this attempt and were not heard of again", 5, "worker-crash: 3 workers claimed this attempt and were not heard of again; it is not tried again")]
    public void A_dead_letter_tells_why_there_is_no_other_attempt(int? status, string? error, int maxRetries, string reason)
    {
        _execution = _execution with { Retry = _execution.Retry with { MaxRetries = maxRetries } };
        End(AttemptResult.Failed, status, error, isFinal: error is not null);
        if (_rows[^1].Status == ExecutionStatus.Retrying)
            End(AttemptResult.Failed, status);

        Assert.Equal(reason, Tell(source => source with { IsDeadLetter = true })[^1].Detail);
        Assert.Equal(reason, Tell(source => source with { Now = _now.AddMinutes(4) })[^1].Detail);
        Assert.Equal($"{reason}; it is not among the dead letters any more", Tell(source => source with { Now = _now.AddMinutes(6) })[^1].Detail);
    }

    [Fact]
    public void A_redrive_begins_a_round_whose_attempts_count_anew()
    {
        _execution = _execution with { Retry = _execution.Retry with { MaxRetries = 1 } };
        End(AttemptResult.Failed, 500);
        var last = End(AttemptResult.Failed, 500);
        _execution = DeadLetter.Of(last).Redriven();
        End(AttemptResult.Failed, 502);

        var events = Tell();

        Assert.Equal(["deadLettered", "redriven", "dispatched", "started", "failed", "retry"], Kinds(events)[^6..]);
        Assert.Equal(3, events[^1].Attempt - 1);
        Assert.StartsWith("the target answered 502; attempt 4, the 2nd of 2 of this round, follows after 10s, because", events[^1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_range_that_was_missed_tells_all_that_it_stands_for()
    {
        _rows.Add(HistoryRow.Of(new Outcome { Execution = _execution, Result = AttemptResult.Missed, StartedAt = _now, DurationMs = 0, Node = "scheduler-1", Error = "could not start in its time", Occurrences = 40, LastDue = Due.AddMinutes(39) }));

        var events = Tell();

        Assert.Equal(["due", "missed"], Kinds(events));
        Assert.Equal("it was not started: could not start in its time; this stands for 40 occurrences, up to the one of 2026-12-01T03:39:00Z", events[1].Detail);
    }

    [Fact]
    public void A_retry_that_was_not_made_since_its_job_was_deleted_is_skipped()
    {
        End(AttemptResult.Failed, 500);
        End(AttemptResult.Skipped, null, "the job was deleted");

        Assert.Equal("attempt 2 was not made: the job was deleted", Tell()[^1].Detail);
        Assert.Equal("skipped", Kinds(Tell())[^1]);
    }

    [Fact]
    public void What_runs_tells_by_when_its_outcome_is_awaited()
    {
        var running = _execution with { DispatchedAt = Due.AddMilliseconds(20), DispatchedBy = "scheduler-1", Redispatch = 2 };
        var deadline = Due.AddMilliseconds(20) + running.Target.Timeout + TimeSpan.FromSeconds(60);

        var events = Tell(source => source with { Recorded = null, Current = running });

        Assert.Equal(["due", "dispatched", "running"], Kinds(events));
        Assert.Equal("attempt 1 was put on the execution queue again (2): no outcome of it had come by then", events[1].Detail);
        Assert.Equal((_now, deadline), (events[2].At, events[2].DueAt));

        var late = Tell(source => source with { Recorded = null, Current = running, Now = deadline })[^1];
        Assert.Equal(("attempt 1 is on the execution queue or with a worker; it may be in the queue still and is waited for", null), (late.Detail, late.DueAt));
    }

    [Fact]
    public void What_waits_tells_what_for()
    {
        string Waiting(DateTimeOffset due, string? holder) =>
            Tell(source => source with { Recorded = null, Current = _execution, WaitsUntil = due, SlotHolder = holder })[^1].Detail;

        Assert.Equal("attempt 1 waits for its time, 2026-12-01T03:00:30Z", Waiting(Due.AddSeconds(30), null));
        Assert.Equal("attempt 1 is due and waits to be put on the execution queue", Waiting(Due, null));
        Assert.Equal("attempt 1 is due and waits to be put on the execution queue", Waiting(Due, "a@20261201T020000Z"));
        _execution = _execution with { Overlap = Overlap.Queue };
        Assert.Equal("attempt 1 waits until a@20261201T020000Z has ended, since executions of the job must not overlap", Waiting(Due, "a@20261201T020000Z"));
    }

    [Fact]
    public void A_redriven_one_that_waits_still_is_told_as_redriven()
    {
        var letter = DeadLetter.Of(End(AttemptResult.Failed, 404));

        var events = Tell(source => source with { Current = letter.Redriven(), WaitsUntil = _now });

        Assert.Equal(["deadLettered", "redriven", "waiting"], Kinds(events)[^3..]);
        Assert.Equal(2, events[^1].Attempt);
    }

    /// <summary>The attempt at hand ends, and the next one begins when it is due.</summary>
    private Outcome End(AttemptResult result, int? status, string? error = null, TimeSpan? retryAfter = null, bool isFinal = false)
    {
        var outcome = new Outcome
        {
            Execution = _execution with { DispatchedAt = _now, DispatchedBy = "scheduler-1" },
            Result = result,
            StatusCode = status,
            Error = error,
            RetryAfter = retryAfter,
            IsFinal = isFinal,
            StartedAt = _now.AddMilliseconds(5),
            DurationMs = result == AttemptResult.PutOff ? 0 : 50,
            Node = "worker-1",
        };
        _rows.Add(HistoryRow.Of(outcome));
        _execution = Settlement.NextAttempt(outcome);
        _now = _rows[^1].NextAttemptAt ?? outcome.EndedAt;
        return outcome;
    }

    private IReadOnlyList<TimelineEvent> Tell(Func<TimelineSource, TimelineSource>? change = null)
    {
        var source = new TimelineSource { Recorded = _rows.Count > 0 ? new HistoryExecution(_rows) : null, Retry = _execution.Retry, Now = _now };
        return Timeline.Of(change is null ? source : change(source));
    }

    private static List<string> Kinds(IReadOnlyList<TimelineEvent> events) => [.. events.Select(e => char.ToLowerInvariant(e.Event.ToString()[0]) + e.Event.ToString()[1..])];
}
