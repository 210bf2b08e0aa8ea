using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

public sealed class RecordingTests
{
    [Fact]
    public void An_execution_that_history_does_not_have_is_found()
    {
        var run = Recorded();
        run.History!.RemoveAll(r => r.ScheduledAt == PlantedRun.At(4));

        Assert.Contains("unknown", run.Only("I9").What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_execution_without_an_end_is_found()
    {
        var run = Recorded(r => r with { Status = "running" });

        Assert.Contains("running", run.Only("I9").What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(15, false)]
    public void An_execution_without_an_end_is_none_yet_where_a_fault_may_still_delay_it(int bound, bool mayStillCome)
    {
        var run = Recorded(r => r with { Status = "retrying" });
        run.Windows.Add(new FaultWindow("NATS emptied", PlantedRun.At(4), PlantedRun.At(5), TimeSpan.FromSeconds(bound), MayRepeat: true));

        Assert.Equal(mayStillCome ? [] : ["I9"], run.Check().Violations.Select(v => v.Invariant));
    }

    [Theory]
    [InlineData("retrying", true)]
    [InlineData("running", false)]
    public void An_execution_that_was_due_before_a_fault_may_wait_for_a_retry_that_is_due_in_it(string status, bool mayStillCome)
    {
        var run = Recorded(r => r with { Status = status });
        run.Windows.Add(new FaultWindow("NATS emptied", PlantedRun.At(4).AddSeconds(1.5), PlantedRun.At(7), TimeSpan.FromSeconds(60), MayRepeat: true));

        Assert.Equal(mayStillCome ? [] : ["I9"], run.Check().Violations.Select(v => v.Invariant));
    }

    [Fact]
    public void A_status_that_the_sink_did_not_answer_is_found()
    {
        var run = Recorded(r => r with { Attempts = [r.Attempts[0] with { StatusCode = 418 }] });

        run.Only("I9");
    }

    [Fact]
    public void An_attempt_that_the_sink_never_saw_is_found()
    {
        var run = Recorded(r => r with { Attempts = [.. r.Attempts, new RecordedAttempt(2, "succeeded", 200, null, PlantedRun.At(4))] });

        Assert.Contains("never saw", run.Only("I9").What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("worker-crash: 3 workers claimed this attempt and were not heard of again", true)]
    [InlineData("the connection was refused", false)]
    public void A_crash_that_took_the_place_of_an_attempt_that_was_put_off_is_no_attempt_to_the_target(string error, bool isNone)
    {
        var run = Recorded(r => r with { Attempts = [new RecordedAttempt(1, "failed", null, error, PlantedRun.At(4)), r.Attempts[0] with { Number = 2 }] });

        Assert.Equal(isNone, run.Check().Violations.Count == 0);
    }

    [Theory]
    [InlineData("skipped", 4, true)]
    [InlineData("skipped", 40, false)]
    [InlineData("succeeded", 4, false)]
    public void An_attempt_whose_worker_died_over_it_is_not_recorded_when_it_was_put_off_and_the_job_was_deleted_then(string status, int fault, bool mayBe)
    {
        var run = Recorded(r => r with { Status = status, Attempts = [] });
        run.Windows.Add(new FaultWindow("poison", PlantedRun.At(fault), PlantedRun.At(fault + 1), TimeSpan.Zero, MayRepeat: true));

        Assert.Equal(mayBe ? [] : ["I9"], run.Check().Violations.Select(v => v.Invariant));
    }

    [Fact]
    public void A_crash_that_ended_an_execution_which_the_sink_answered_well_is_found()
    {
        var run = Recorded(r => r with { Status = "deadLettered", Attempts = [new RecordedAttempt(1, "failed", null, "worker-crash: 3 workers claimed this attempt and were not heard of again", PlantedRun.At(4))] });

        run.Only("I9");
    }

    [Fact]
    public void An_attempt_recorded_twice_is_found()
    {
        var run = Recorded(r => r with { Attempts = [.. r.Attempts, .. r.Attempts] });

        run.Only("I9");
    }

    [Fact]
    public void An_attempt_delivered_twice_for_a_fault_is_one_row()
    {
        var run = Recorded();
        run.Windows.Add(new FaultWindow("node killed", PlantedRun.At(4), PlantedRun.At(5), TimeSpan.Zero, MayRepeat: true));
        run.Deliver(4, late: 4.2);

        Assert.Empty(run.Check().Violations);
    }

    private static PlantedRun Recorded(Func<RecordedExecution, RecordedExecution>? change = null)
    {
        var run = new PlantedRun();
        run.Record();
        run.History = run.History!.ConvertAll(r => r.ScheduledAt == PlantedRun.At(4) && change is not null ? change(r) : r);
        return run;
    }
}
