using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

public sealed class StartsTests
{
    [Fact]
    public void A_run_as_it_should_be_has_no_violation()
    {
        var run = new PlantedRun();
        run.Record();
        run.Readings.Add(new JobReading(PlantedRun.Job, PlantedRun.At(10), "/ok/tick", Paused: false));

        var report = run.Check();

        Assert.Empty(report.Violations);
        Assert.Equal((11, 11, 0, 0, 0, 0), (report.Expected, report.Received, report.Missed, report.Duplicates, report.Early, report.Phantoms));
        Assert.Equal(10, report.WorstLateness.TotalMilliseconds, 3);
    }

    [Fact]
    public void A_planted_miss_is_found()
    {
        var run = new PlantedRun();
        run.Remove(4);

        Assert.Equal(PlantedRun.At(4), run.Only("I1").Due);
        Assert.Equal(1, run.Check().Missed);
    }

    [Fact]
    public void A_planted_miss_stays_one_in_a_fault_window()
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("down", PlantedRun.At(3), PlantedRun.At(6), TimeSpan.FromSeconds(3), MayRepeat: true));
        run.Remove(4);

        run.Only("I1");
    }

    [Fact]
    public void What_may_still_come_is_awaited_and_not_missed()
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("down", PlantedRun.At(3.5), PlantedRun.At(5), TimeSpan.FromSeconds(60), MayRepeat: false));
        run.Remove(4);

        Assert.Empty(run.Check().Violations);
        Assert.Equal((0, 1), (run.Check().Missed, run.Check().Awaited));
    }

    [Fact]
    public void A_planted_late_start_is_found()
    {
        var run = new PlantedRun();
        run.Replace(4, d => d with { At = PlantedRun.At(9.001), EndedAt = PlantedRun.At(9.002) });

        Assert.Contains("5001 ms late", run.Only("I1").What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(0.5, 1)]
    public void A_slow_machine_has_its_slack_and_no_more(double slack, int violations)
    {
        var run = new PlantedRun { Slack = TimeSpan.FromSeconds(slack) };
        run.Replace(4, d => d with { At = PlantedRun.At(10), EndedAt = PlantedRun.At(10.001) });

        Assert.Equal(violations, run.Check().Violations.Count);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(0.5, 1)]
    public void A_declared_fault_allows_its_bound_and_no_more(double bound, int violations)
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("down", PlantedRun.At(3.5), PlantedRun.At(5), TimeSpan.FromSeconds(bound), MayRepeat: false));
        run.Replace(4, d => d with { At = PlantedRun.At(10), EndedAt = PlantedRun.At(10.001) });

        Assert.Equal(violations, run.Check().Violations.Count);
    }

    [Fact]
    public void A_planted_early_start_is_found_by_the_microsecond()
    {
        var run = new PlantedRun();
        run.Replace(4, d => d with { At = PlantedRun.At(3.999999) });

        run.Only("I3");
        Assert.Equal(1, run.Check().Early);
    }
}
