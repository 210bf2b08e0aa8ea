using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;

namespace CronCloud.Engine.Tests.Due;

public sealed class LostFlightsTests
{
    [Fact]
    public async Task An_attempt_that_history_knows_is_settled_and_not_made_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        await pipeline.History.WriteAsync([HistoryRow.Of(pipeline.OutcomeOf(execution, AttemptResult.Failed, 500))], Pipeline.None);

        await PassDeadlineAsync(pipeline, partition, execution);
        Assert.Empty(await pipeline.TakeAsync());
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
        Assert.Equal(2, Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Execution.Attempt);
    }

    [Fact]
    public async Task An_attempt_before_one_that_history_knows_is_over_and_not_told_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        var first = pipeline.OutcomeOf(execution, AttemptResult.Failed, 404);
        await pipeline.History.WriteAsync([HistoryRow.Of(first), HistoryRow.Of(pipeline.OutcomeOf(DeadLetter.Of(first).Redriven(), AttemptResult.Succeeded, 200))], Pipeline.None);

        await PassDeadlineAsync(pipeline, partition, execution);

        Assert.Empty(await pipeline.TakeAsync());
        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
    }

    [Fact]
    public async Task An_attempt_that_is_dispatched_again_counts_no_claim_that_nobody_is_known_to_have_made()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);

        for (var times = 1; times <= 3; times++)
        {
            await PassDeadlineAsync(pipeline, partition, execution);
            var again = Assert.Single(await pipeline.TakeAsync());
            Assert.Equal((execution.ExecutionId, 1, times, 0), (again.ExecutionId, again.Attempt, again.Redispatch, again.Claims));
        }
    }

    [Fact]
    public async Task An_attempt_that_waits_in_the_queue_is_waited_for_however_long()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        for (var minutes = 0; minutes < 30; minutes++)
        {
            pipeline.Time.Advance(TimeSpan.FromMinutes(1));
            await Pipeline.RunAsync(partition);
        }

        Assert.Single(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task While_history_is_away_an_attempt_is_made_again_only_after_a_while()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        pipeline.TakeHistoryAway();

        await PassDeadlineAsync(pipeline, partition, execution);
        for (var second = 1; second < 30; second++)
        {
            pipeline.Time.Advance(TimeSpan.FromSeconds(1));
            await Pipeline.RunAsync(partition);
            Assert.Empty(await pipeline.TakeAsync());
        }

        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(partition);
        Assert.Equal(1, Assert.Single(await pipeline.TakeAsync()).Redispatch);
    }

    [Fact]
    public async Task An_attempt_is_not_made_again_when_history_comes_back_soon_and_knows_it()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        await pipeline.History.WriteAsync([HistoryRow.Of(pipeline.OutcomeOf(execution, AttemptResult.Succeeded, 200))], Pipeline.None);
        pipeline.TakeHistoryAway();
        await PassDeadlineAsync(pipeline, partition, execution);

        for (var second = 1; second < 30; second++)
        {
            pipeline.Time.Advance(TimeSpan.FromSeconds(1));
            await Pipeline.RunAsync(partition);
            if (second == 20)
                pipeline.BringHistoryBack();
        }

        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.TakeAsync());
        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
    }

    /// <summary>It may be the outcome of any of them. To make them again, or to ask history about all of them, is what a system has least use for that is asked for more than it can do.</summary>
    [Fact]
    public async Task While_the_settler_is_behind_no_attempt_is_made_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        await pipeline.PublishAsync(pipeline.OutcomeOf(execution, AttemptResult.Succeeded, 200));

        await PassDeadlineAsync(pipeline, partition, execution);
        await pipeline.RunAsync(partition, seconds: 60);

        Assert.Empty(await pipeline.TakeAsync());
        Assert.Equal(1, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
    }

    /// <summary>It had an outcome by when it had left the queue, or has none: a settler that is always behind does not keep it for ever.</summary>
    [Fact]
    public async Task An_attempt_is_made_again_once_the_settler_has_come_to_where_its_outcome_would_be()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        var settler = pipeline.NewSettler();
        await PublishOtherAsync();
        await PassDeadlineAsync(pipeline, partition, execution);
        Assert.Empty(await pipeline.TakeAsync());

        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await settler.RunOnceAsync(Pipeline.None);
        await PublishOtherAsync();
        pipeline.Time.Advance(DuePlan.Grace);
        await Pipeline.RunAsync(partition);

        Assert.Equal((execution.AttemptId, 1), Assert.Single((await pipeline.TakeAsync()).Select(again => (again.AttemptId, again.Redispatch))));

        Task PublishOtherAsync() => pipeline.PublishAsync(pipeline.OutcomeOf(execution with { JobId = "other", ExecutionId = $"other@{pipeline.Time.GetUtcNow():HHmmss}" }, AttemptResult.Succeeded, 200));
    }

    /// <summary>What waits for the record comes back to the settler for as long as that is away.</summary>
    [Fact]
    public async Task Outcomes_that_the_settler_gave_back_keep_no_attempt_from_being_made_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        await pipeline.PublishAsync(pipeline.OutcomeOf(execution with { JobId = "other" }, AttemptResult.Succeeded, 200));
        await Assert.Single(await pipeline.Outcomes.PullAsync(OutcomeReader.Settler, 10, TimeSpan.Zero, Pipeline.None)).ReturnAsync(TimeSpan.FromMinutes(2), Pipeline.None);

        await PassDeadlineAsync(pipeline, partition, execution);

        Assert.Equal(1, Assert.Single(await pipeline.TakeAsync()).Redispatch);
    }

    [Fact]
    public async Task While_many_wait_in_the_queue_history_is_not_asked_about_what_may_be_among_them()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await pipeline.Queue.PublishAsync([.. Enumerable.Range(0, 1_000).Select(i => new StreamMessage($"other-{i}", Pipeline.Partition, "{}"u8.ToArray()))], Pipeline.None);
        await Pipeline.RunAsync(partition);
        var flight = Assert.Single(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
        pipeline.TakeHistoryAway();

        pipeline.Time.Advance(flight.Deadline - pipeline.Time.GetUtcNow());
        await Pipeline.RunAsync(partition);

        Assert.Equal(flight.Deadline + DuePlan.Grace, Assert.Single(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None)).Deadline);
    }

    [Fact]
    public async Task A_flight_that_cannot_be_read_keeps_no_other()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (partition, execution) = await StartAsync(pipeline);
        var flight = (await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None))[0];
        await pipeline.Index.ArmAsync(Pipeline.Partition, [new DueEntry("t/broken", 1, Pipeline.Start, "{"u8.ToArray())], Pipeline.None);
        await pipeline.Index.AdvanceAsync(
            Pipeline.Partition, [new Advance(new DueEntry("t/broken", 1, Pipeline.Start, default), null, new Flight("t/broken@1#1", flight.Deadline, "{"u8.ToArray()))], pipeline.Time.GetUtcNow(), Pipeline.None);

        await PassDeadlineAsync(pipeline, partition, execution);

        Assert.Single(await pipeline.TakeAsync());
        Assert.Equal(execution.AttemptId, Assert.Single(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None)).Id);
    }

    private static async Task<(DuePartition Partition, Execution Execution)> StartAsync(Pipeline pipeline)
    {
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(partition);
        return (partition, Assert.Single(await pipeline.TakeAsync()));
    }

    private static Task PassDeadlineAsync(Pipeline pipeline, DuePartition partition, Execution execution)
    {
        pipeline.Time.Advance(execution.Target.Timeout + DuePlan.Grace);
        return Pipeline.RunAsync(partition);
    }
}
