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
