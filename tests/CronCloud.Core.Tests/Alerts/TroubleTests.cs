using CronCloud.Core.Alerts;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using static CronCloud.Core.Tests.Alerts.Outcomes;

namespace CronCloud.Core.Tests.Alerts;

public sealed class TroubleTests
{
    [Fact]
    public void A_success_in_time_is_none() => Assert.Empty(Trouble.Of(Success(0), failures: 0));

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void So_many_failures_in_a_row_are(int failures, bool isTrouble)
    {
        Assert.Equal(isTrouble, KindsOf(Failure(0), failures).Contains(TroubleKind.Failing));
        Assert.Contains(TroubleKind.Failing, KindsOf(Failure(0, alerts: new AlertPolicy { ConsecutiveFailures = failures }), failures));
    }

    [Fact]
    public void A_dead_letter_is() => Assert.Equal([TroubleKind.DeadLetter], KindsOf(DeadLetter(0), failures: 1));

    [Fact]
    public void A_start_beyond_the_limit_is_late()
    {
        Assert.Empty(KindsOf(Success(0, late: 5)));
        var late = Assert.Single(Trouble.Of(Success(0, late: 5.2), 0));
        Assert.Equal((TroubleKind.Late, "started 5.2 s late; more than 5s is too late"), (late.Kind, late.Summary));
        Assert.Empty(KindsOf(Success(0, late: 59, alerts: new AlertPolicy { LateAfter = TimeSpan.FromMinutes(1) })));
    }

    [Theory]
    [InlineData(Trigger.Manual)]
    [InlineData(Trigger.Event)]
    [InlineData(Trigger.Backfill)]
    [InlineData(Trigger.Redrive)]
    public void What_no_schedule_named_is_never_late(Trigger trigger)
    {
        var late = Success(0, late: 600);
        Assert.Empty(KindsOf(late with { Execution = late.Execution with { Trigger = trigger } }));
    }

    [Fact]
    public void A_retry_is_never_late_and_an_attempt_after_put_offs_is()
    {
        var late = Success(0, late: 600);
        Assert.Empty(KindsOf(late with { Execution = late.Execution with { Attempt = 2 } }));
        Assert.Equal([TroubleKind.Late], KindsOf(late with { Execution = late.Execution with { Attempt = 3, PutOffs = 2 } }));
    }

    [Fact]
    public void An_attempt_that_was_put_off_says_nothing() => Assert.Empty(KindsOf(Success(0, late: 600) with { Result = AttemptResult.PutOff }, failures: 9));

    [Theory]
    [InlineData(AttemptResult.Succeeded)]
    [InlineData(AttemptResult.TimedOut)]
    public void What_takes_too_long_is_slow_however_it_ends(AttemptResult result)
    {
        var policy = new AlertPolicy { SlowAfter = TimeSpan.FromSeconds(90) };
        Assert.Empty(KindsOf(Of(0, result, 0, 90, policy)));
        Assert.Equal("ran for 90.5 s; more than 1m30s is too slow", Assert.Single(Trouble.Of(Of(0, result, 0, 90.5, policy), 0)).Summary);
        Assert.Empty(KindsOf(Of(0, result, 0, 90.5, null)));
    }

    [Fact]
    public void What_was_missed_is_told_with_its_range()
    {
        Assert.Equal("missed its time at 2026-12-01T03:00:00Z", Assert.Single(Trouble.Of(Missed(0, 60), 0)).Summary);
        var range = Assert.Single(Trouble.Of(Missed(0, 60) with { Occurrences = 57, LastDue = Minute(56) }, 0));
        Assert.Equal((TroubleKind.Missed, Minute(56), "missed 57 occurrences, from 2026-12-01T03:00:00Z to 2026-12-01T03:56:00Z"), (range.Kind, range.Due, range.Summary));
    }

    private static IEnumerable<TroubleKind> KindsOf(Outcome outcome, int failures = 0) => Trouble.Of(outcome, failures).Select(t => t.Kind);
}
