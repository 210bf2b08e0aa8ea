using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

public sealed class CountingTests
{
    [Fact]
    public void A_start_that_history_calls_punctual_and_was_not_is_found()
    {
        var run = new PlantedRun();
        run.Record();
        run.Replace(4, delivery => delivery with { At = delivery.At.AddSeconds(2), EndedAt = delivery.EndedAt!.Value.AddSeconds(2) });

        Assert.Contains("history says 10 ms late, the sink 2010 ms", run.Only("I12").What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(4, 1)]
    public void While_nodes_start_again_a_start_takes_longer_to_arrive_but_not_for_ever(double seconds, int violations)
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("all nodes killed", PlantedRun.At(4), PlantedRun.At(5), TimeSpan.Zero, MayRepeat: false));
        run.Record();
        run.Replace(4, delivery => delivery with { At = delivery.At.AddSeconds(seconds), EndedAt = delivery.EndedAt!.Value.AddSeconds(seconds) });

        Assert.Equal(violations, run.Check().Violations.Count(v => v.Invariant == "I12"));
    }

    [Fact]
    public void One_that_was_delivered_twice_has_the_start_of_either()
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("node killed", PlantedRun.At(4), PlantedRun.At(5), TimeSpan.Zero, MayRepeat: true));
        run.Record();
        run.History = run.History!.ConvertAll(r => r.ScheduledAt == PlantedRun.At(4) ? r with { Attempts = [r.Attempts[0] with { StartedAt = PlantedRun.At(8.2) }] } : r);
        run.Deliver(4, late: 4.2);

        Assert.Empty(run.Check().Violations);
    }

    [Fact]
    public void An_occurrence_that_history_calls_missed_is_found()
    {
        var run = new PlantedRun();
        run.Record();
        run.Remove(4);
        run.History = run.History!.ConvertAll(r => r.ScheduledAt == PlantedRun.At(4) ? r with { Status = "missed", Attempts = [] } : r);

        run.Only("I12");
    }

    [Fact]
    public void A_missed_occurrence_that_only_metrics_count_is_found()
    {
        var run = new PlantedRun();
        run.Store(stored => stored with { CountedMissed = 1 });

        Assert.Contains("/metrics counts 1", run.Only("I12").What, StringComparison.Ordinal);
    }
}
