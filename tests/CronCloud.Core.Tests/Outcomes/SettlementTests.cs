using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Tests.Outcomes;

public sealed class SettlementTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Success_ends_it() => Assert.Equal(new Settlement(ExecutionStatus.Succeeded, null), Settlement.Of(Outcome(1, AttemptResult.Succeeded, 200)));

    [Theory]
    [InlineData(500, ExecutionStatus.Retrying)]
    [InlineData(503, ExecutionStatus.Retrying)]
    [InlineData(408, ExecutionStatus.Retrying)]
    [InlineData(425, ExecutionStatus.Retrying)]
    [InlineData(429, ExecutionStatus.Retrying)]
    [InlineData(302, ExecutionStatus.Retrying)]
    [InlineData(400, ExecutionStatus.DeadLettered)]
    [InlineData(404, ExecutionStatus.DeadLettered)]
    [InlineData(410, ExecutionStatus.DeadLettered)]
    public void A_request_that_is_wrong_is_not_tried_again(int status, ExecutionStatus becomes) => Assert.Equal(becomes, Settlement.Of(Outcome(1, AttemptResult.Failed, status)).Status);

    [Fact]
    public void A_request_that_is_wrong_is_tried_again_if_the_job_says_so()
    {
        var outcome = Outcome(1, AttemptResult.Failed, 404);
        var patient = outcome with { Execution = outcome.Execution with { Retry = new RetryPolicy { ClientErrors = true } } };

        Assert.Equal(ExecutionStatus.Retrying, Settlement.Of(patient).Status);
    }

    [Theory]
    [InlineData(AttemptResult.TimedOut)]
    [InlineData(AttemptResult.Refused)]
    public void A_target_that_does_not_answer_is_tried_again(AttemptResult result) => Assert.Equal(ExecutionStatus.Retrying, Settlement.Of(Outcome(1, result, null)).Status);

    [Fact]
    public void After_the_last_retry_it_is_a_dead_letter()
    {
        Assert.Equal(ExecutionStatus.Retrying, Settlement.Of(Outcome(5, AttemptResult.Failed, 500)).Status);
        Assert.Equal(ExecutionStatus.DeadLettered, Settlement.Of(Outcome(6, AttemptResult.Failed, 500)).Status);
    }

    [Fact]
    public void Pauses_grow_and_are_capped()
    {
        var retry = new RetryPolicy { InitialDelay = TimeSpan.FromSeconds(10), Multiplier = 3, MaxDelay = TimeSpan.FromSeconds(60), Jitter = false };

        Assert.Equal([10, 30, 60, 60], Enumerable.Range(1, 4).Select(attempt => retry.DelayAfter(attempt, "x").TotalSeconds));
    }

    [Fact]
    public void Jitter_shortens_a_pause_by_up_to_a_quarter_and_always_by_the_same()
    {
        var retry = new RetryPolicy();
        var delays = Enumerable.Range(0, 500).Select(i => retry.DelayAfter(1, $"job@{i}").TotalSeconds).ToList();

        Assert.All(delays, d => Assert.InRange(d, 7.5, 10));
        Assert.True(delays.Distinct().Count() > 200);
        Assert.Equal(delays, Enumerable.Range(0, 500).Select(i => retry.DelayAfter(1, $"job@{i}").TotalSeconds));
    }

    [Fact]
    public void A_longer_Retry_After_is_honoured_up_to_a_day()
    {
        var settlement = Settlement.Of(Outcome(1, AttemptResult.Failed, 429) with { RetryAfter = TimeSpan.FromMinutes(2) });
        Assert.Equal(Now.AddMilliseconds(50).AddMinutes(2), settlement.RetryAt);

        Assert.Equal(Now.AddMilliseconds(50).AddDays(1), Settlement.Of(Outcome(1, AttemptResult.Failed, 429) with { RetryAfter = TimeSpan.FromDays(9) }).RetryAt);
        Assert.Equal(Now.AddMilliseconds(50).AddSeconds(10), Settlement.Of(Outcome(1, AttemptResult.Failed, 429) with { RetryAfter = TimeSpan.FromSeconds(1) }).RetryAt);
    }

    [Fact]
    public void What_was_put_off_comes_again_soon_and_has_used_up_nothing()
    {
        var outcome = Outcome(6, AttemptResult.PutOff, null) with { DurationMs = 0, RetryAfter = TimeSpan.FromSeconds(4) };
        outcome = outcome with { Execution = outcome.Execution with { Claims = 2 } };

        var settlement = Settlement.Of(outcome);
        var next = Settlement.NextAttempt(outcome);

        Assert.Equal(ExecutionStatus.Retrying, settlement.Status);
        Assert.InRange((settlement.RetryAt!.Value - Now).TotalSeconds, 2, 6);
        Assert.Equal((7, 1, 2), (next.Attempt, next.PutOffs, next.Claims));
        Assert.Null(next.Earlier);
        var last = Outcome(7, AttemptResult.Failed, 500) with { Execution = next };
        Assert.Equal(ExecutionStatus.DeadLettered, Settlement.Of(last).Status);
        var letter = DeadLetter.Of(last);
        Assert.Equal([7], letter.Attempts.Select(a => a.Number));
        Assert.Equal((8, 7), (letter.Redriven().Attempt, letter.Redriven().Number));
    }

    [Fact]
    public void What_was_put_off_together_does_not_come_back_together_and_none_is_put_off_for_longer_than_minutes()
    {
        var outcome = Outcome(1, AttemptResult.PutOff, null) with { DurationMs = 0 };
        List<TimeSpan> Pauses(double seconds) =>
            [.. Enumerable.Range(0, 200).Select(i => Settlement.Of(outcome with { RetryAfter = TimeSpan.FromSeconds(seconds), Execution = outcome.Execution with { ExecutionId = $"a@{i}" } }).RetryAt!.Value - Now)];

        Assert.All(Pauses(16), pause => Assert.InRange(pause.TotalSeconds, 8, 24));
        Assert.All(Pauses(5_000), pause => Assert.InRange(pause.TotalSeconds, 60, 180));
        Assert.True(Pauses(16).Distinct().Count() > 100);
        Assert.Equal(Pauses(16), Pauses(16));
    }

    [Fact]
    public void What_was_redriven_and_not_started_is_a_dead_letter_again()
    {
        var redriven = DeadLetter.Of(Outcome(6, AttemptResult.Failed, 500)).Redriven();
        var skipped = Outcome(7, AttemptResult.Skipped, null) with { Execution = redriven, Error = "the job was deleted" };

        Assert.Equal(ExecutionStatus.DeadLettered, Settlement.Of(skipped).Status);
        var letter = DeadLetter.Of(skipped);
        Assert.Equal("redriven, but not started: the job was deleted", letter.Error);
        Assert.Equal([6], letter.Attempts.Select(a => a.Number));
        Assert.Equal(ExecutionStatus.Skipped, Settlement.Of(Outcome(1, AttemptResult.Skipped, null)).Status);
        Assert.Equal(ExecutionStatus.Skipped, Settlement.Of(skipped with { Execution = redriven with { Attempt = 8 } }).Status);
    }

    [Fact]
    public void However_often_it_is_redriven_it_carries_its_last_twelve_attempts()
    {
        var outcome = Outcome(1, AttemptResult.Failed, 404);
        for (var redrives = 0; redrives < 20; redrives++)
            outcome = outcome with { Execution = DeadLetter.Of(outcome).Redriven() };

        Assert.Equal(Enumerable.Range(10, 12), DeadLetter.Of(outcome).Attempts.Select(a => a.Number));
    }

    private static Outcome Outcome(int attempt, AttemptResult result, int? status) => new()
    {
        Execution = new Execution
        {
            Tenant = "t",
            JobId = "a",
            JobVersion = 1,
            ExecutionId = "a@20261201T030000Z",
            ScheduledAt = Now,
            Trigger = Trigger.Schedule,
            Attempt = attempt,
            Target = new Target { Http = new HttpTarget { Url = "https://example.com" } },
            Retry = new RetryPolicy { Jitter = false },
            TraceParent = TraceParent.New(),
        },
        Result = result,
        StartedAt = Now,
        DurationMs = 50,
        Node = "n",
        StatusCode = status,
    };
}
