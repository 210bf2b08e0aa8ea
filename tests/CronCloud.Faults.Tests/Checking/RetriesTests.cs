using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

/// <summary>The planted job may be tried three times, with pauses of 1 s and 2 s.</summary>
public sealed class RetriesTests
{
    [Fact]
    public void Attempts_after_their_pauses_up_to_the_last_are_as_they_should_be()
    {
        var run = FailingAt4();
        run.Deliver(4, late: 1.1, attempt: 2, answer: 500);
        run.Deliver(4, late: 3.2, attempt: 3, answer: 500);

        Assert.Empty(run.Check().Violations);
    }

    [Fact]
    public void A_retry_that_never_comes_is_found()
    {
        var run = FailingAt4();

        Assert.Contains("attempt 2 never came", run.Only("I7").What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_retry_before_its_pause_is_over_is_found()
    {
        var run = FailingAt4();
        run.Deliver(4, late: 0.6, attempt: 2);

        Assert.Contains("attempt 2 came 589 ms after", run.Only("I7").What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_retry_too_late_is_found()
    {
        var run = FailingAt4();
        run.Deliver(4, late: 7, attempt: 2);

        run.Only("I7");
    }

    [Fact]
    public void Attempts_out_of_order_are_found()
    {
        var run = FailingAt4();
        run.Deliver(4, late: 1.1, attempt: 3, answer: 500);

        Assert.Contains("attempt 3 follows 1", run.Only("I7").What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, true, true)]
    [InlineData(3, false, false)]
    [InlineData(7, true, false)]
    public void Attempts_that_did_not_leave_their_node_are_excused_by_a_fault_that_keeps_them_there_only(double from, bool keepsFromTarget, bool excused)
    {
        var run = FailingAt4();
        run.Windows.Add(new FaultWindow("fault", PlantedRun.At(from), PlantedRun.At(from + 2), TimeSpan.Zero, MayRepeat: true) { KeepsFromTarget = keepsFromTarget });
        run.Deliver(4, late: 1.1, attempt: 3, answer: 500);

        Assert.Equal(excused, run.Check().Violations.All(v => !v.What.Contains("attempt 3 follows 1", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_retry_of_what_succeeded_is_found()
    {
        var run = new PlantedRun();
        run.Deliver(4, late: 1.1, attempt: 2);

        Assert.Contains("succeeded", run.Only("I7").What, StringComparison.Ordinal);
    }

    [Fact]
    public void More_attempts_than_the_policy_has_are_found()
    {
        var run = FailingAt4();
        run.Deliver(4, late: 1.1, attempt: 2, answer: 500);
        run.Deliver(4, late: 3.2, attempt: 3, answer: 500);
        run.Deliver(4, late: 7.3, attempt: 4, answer: 500);

        Assert.Contains("attempt 4 of 3", run.Only("I7").What, StringComparison.Ordinal);
    }

    private static PlantedRun FailingAt4()
    {
        var run = new PlantedRun();
        run.Replace(4, d => d with { Answer = 500 });
        return run;
    }
}
