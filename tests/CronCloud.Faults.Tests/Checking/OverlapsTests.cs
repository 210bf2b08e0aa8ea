using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

public sealed class OverlapsTests
{
    [Theory]
    [InlineData(OverlapRule.Skip)]
    [InlineData(OverlapRule.Queue)]
    public void Two_executions_at_once_of_a_job_that_forbids_it_are_found(OverlapRule rule)
    {
        var run = new PlantedRun(PlantedRun.Shape with { Overlap = rule });
        run.Replace(4, d => d with { EndedAt = PlantedRun.At(5.1) });

        Assert.Equal(PlantedRun.At(5), run.Only("I6").Due);
    }

    [Fact]
    public void Two_executions_at_once_of_a_job_that_allows_it_are_none_of_the_checkers_business()
    {
        var run = new PlantedRun();
        run.Replace(4, d => d with { EndedAt = PlantedRun.At(5.1) });

        Assert.Empty(run.Check().Violations);
    }

    [Fact]
    public void What_is_missing_of_a_job_that_may_skip_is_missed_when_history_has_no_row_of_it()
    {
        var run = new PlantedRun(PlantedRun.Shape with { Overlap = OverlapRule.Skip });
        run.Remove(4);
        Assert.Empty(run.Check().Violations);

        run.Record();

        run.Only("I1");
    }

    [Fact]
    public void What_history_calls_skipped_is_not_missed()
    {
        var run = new PlantedRun(PlantedRun.Shape with { Overlap = OverlapRule.Skip });
        run.Record();
        run.Remove(4);
        run.History = run.History!.ConvertAll(r => r.ScheduledAt == PlantedRun.At(4) ? r with { Status = "skipped", Attempts = [] } : r);

        Assert.Empty(run.Check().Violations);
    }
}
