using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

public sealed class PhantomsTests
{
    [Fact]
    public void A_planted_start_between_two_due_times_is_a_phantom()
    {
        var run = new PlantedRun();
        run.Deliver(4.5);

        run.Only("I4");
        Assert.Equal(1, run.Check().Phantoms);
    }

    [Fact]
    public void A_start_of_a_job_that_nobody_made_is_a_phantom()
    {
        var run = new PlantedRun();
        run.Deliveries.Add(run.Deliver(4.5) with { Number = 100, Job = "stranger", Execution = "stranger@1", Key = "stranger@1", ScheduledAt = PlantedRun.At(4) });
        run.Remove(4.5);

        run.Only("I4");
    }

    [Fact]
    public void What_is_due_after_an_acknowledged_deletion_is_a_phantom()
    {
        var run = new PlantedRun();
        run.Do(OperationKind.Delete, 4.5, 4.6, OperationResult.Ok);

        var violations = run.Check().Violations;
        Assert.Equal(Enumerable.Range(5, 6).Select(s => PlantedRun.At(s)), violations.Select(v => v.Due!.Value));
        Assert.All(violations, v => Assert.Equal("I4", v.Invariant));
    }

    [Fact]
    public void What_is_due_after_a_refused_deletion_must_start()
    {
        var run = new PlantedRun();
        run.Do(OperationKind.Delete, 4.5, 4.6, OperationResult.Failed);
        run.Remove(7);

        run.Only("I1");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_due_after_an_unknown_deletion_may_start_or_not(bool happened)
    {
        var run = new PlantedRun();
        run.Do(OperationKind.Delete, 4.5, null, OperationResult.Unknown);
        for (var second = 5; happened && second <= 10; second++)
            run.Remove(second);

        Assert.Empty(run.Check().Violations);
        Assert.Equal(5, run.Check().Expected);
    }

    [Theory]
    [InlineData("/ok/tick")]
    [InlineData("/ok/tick/v2")]
    public void What_is_due_after_an_unknown_change_may_go_to_either_target(string path)
    {
        var run = new PlantedRun();
        run.Do(OperationKind.Put, 4.5, null, OperationResult.Unknown, PlantedRun.Shape with { Path = "/ok/tick/v2" });
        for (var second = 5; second <= 10; second++)
            run.Replace(second, d => d with { Path = path });

        Assert.Empty(run.Check().Violations);
    }

    [Fact]
    public void A_start_with_the_target_of_an_old_version_is_a_phantom()
    {
        var run = new PlantedRun();
        run.Do(OperationKind.Put, 4.5, 4.6, OperationResult.Ok, PlantedRun.Shape with { Path = "/ok/tick/v2" });
        for (var second = 5; second <= 10; second++)
            run.Replace(second, d => d with { Path = second == 8 ? "/ok/tick" : "/ok/tick/v2" });

        Assert.Equal(PlantedRun.At(8), run.Only("I4").Due);
    }

    [Fact]
    public void A_retry_that_comes_long_after_its_job_was_deleted_is_found()
    {
        var run = new PlantedRun(PlantedRun.Shape with { Plan = new Plan.Once(PlantedRun.At(4)), InitialDelay = TimeSpan.FromSeconds(5) });
        run.Deliveries.RemoveAll(d => d.ScheduledAt != PlantedRun.At(4));
        run.Replace(4, d => d with { Answer = 503 });
        run.Do(OperationKind.Delete, 4.5, 4.6, OperationResult.Ok);
        run.Deliver(4, late: 5.2, attempt: 2);

        run.Only("I4");
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("/ok/tick", true)]
    [InlineData("/ok/older", false)]
    public void An_acknowledged_job_that_is_gone_paused_or_older_is_lost(string? path, bool paused)
    {
        var run = new PlantedRun();
        run.Readings.Add(new JobReading(PlantedRun.Job, PlantedRun.At(10), path, paused));

        run.Only("I5");
    }
}
