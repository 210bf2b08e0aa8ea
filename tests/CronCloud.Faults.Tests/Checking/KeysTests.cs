using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

public sealed class KeysTests
{
    [Fact]
    public void A_planted_duplicate_is_found()
    {
        var run = new PlantedRun();
        run.Deliver(4, late: 2);

        run.Only("I2");
        Assert.Equal((1, 0), (run.Check().Duplicates, run.Check().Explained));
    }

    [Fact]
    public void A_duplicate_after_a_fault_that_may_repeat_is_counted_and_explained()
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("node killed", PlantedRun.At(4.1), PlantedRun.At(5), TimeSpan.Zero, MayRepeat: true));
        run.Deliver(4, late: 4.2);

        Assert.Empty(run.Check().Violations);
        Assert.Equal((1, 1), (run.Check().Duplicates, run.Check().Explained));
    }

    [Theory]
    [InlineData(4.1, false)] // a rolling deployment may not repeat
    [InlineData(6, true)] // the first delivery had ended long before the fault
    public void A_duplicate_that_the_fault_cannot_have_made_is_found(double from, bool mayRepeat)
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("fault", PlantedRun.At(from), PlantedRun.At(8), TimeSpan.Zero, mayRepeat));
        run.Deliver(4, late: 4.2);

        run.Only("I2");
    }

    [Theory]
    [InlineData(1.5, true)]
    [InlineData(0.5, false)]
    public void A_duplicate_of_what_had_ended_is_explained_by_a_fault_that_took_so_much_away(double lost, bool isExplained)
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("Redis' disk full", PlantedRun.At(6), PlantedRun.At(8), TimeSpan.Zero, MayRepeat: true) { Lost = TimeSpan.FromSeconds(lost) });
        run.Deliver(4, late: 4.2);

        Assert.Equal(isExplained ? [] : ["I2"], run.Check().Violations.Select(violation => violation.Invariant));
    }

    [Fact]
    public void Two_keys_for_one_execution_are_found()
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("node killed", PlantedRun.At(4), PlantedRun.At(5), TimeSpan.Zero, MayRepeat: true));
        run.Deliveries.Add(run.Deliver(4, late: 0.5) with { Number = 100, Key = "another" });

        Assert.Contains("2 keys", run.Only("I2").What, StringComparison.Ordinal);
    }

    [Fact]
    public void One_key_for_two_executions_is_found()
    {
        var run = new PlantedRun();
        run.Replace(5, d => d with { Key = run.Deliveries.First(e => e.ScheduledAt == PlantedRun.At(4)).Key });

        Assert.Contains("2 executions share", run.Only("I2").What, StringComparison.Ordinal);
    }
}
