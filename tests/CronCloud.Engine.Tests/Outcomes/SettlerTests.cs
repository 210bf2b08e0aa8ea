using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;
using CronCloud.Engine.History;
using CronCloud.Engine.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Outcomes;

public sealed class SettlerTests
{
    private static readonly RetryPolicy Retry = new() { MaxRetries = 1, InitialDelay = TimeSpan.FromSeconds(10), Jitter = false };

    [Fact]
    public async Task A_failure_is_tried_again_after_its_pause_and_once_only()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        var first = await DispatchAsync(pipeline);
        var failed = pipeline.OutcomeOf(first, AttemptResult.Failed, 500);
        await pipeline.PublishAsync(failed);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));

        pipeline.Time.Advance(TimeSpan.FromSeconds(9.9));
        await Pipeline.RunAsync(partition);
        Assert.Empty(await pipeline.TakeAsync());
        pipeline.Time.Advance(TimeSpan.FromSeconds(0.1));
        await Pipeline.RunAsync(partition);
        var second = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal((first.ExecutionId, 2), (second.ExecutionId, second.Attempt));

        await pipeline.Outcomes.PublishAsync([new StreamMessage("the first outcome once more", Pipeline.Partition, failed.ToJson())], Pipeline.None);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));
        await Pipeline.RunAsync(partition);
        Assert.Empty(await pipeline.TakeAsync());
    }

    [Theory]
    [InlineData(AttemptResult.Failed)]
    [InlineData(AttemptResult.PutOff)]
    public async Task A_second_run_that_succeeds_takes_back_the_next_attempt_in_index_and_record(AttemptResult firstRun)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        var first = await DispatchAsync(pipeline);
        await pipeline.PublishAsync(pipeline.OutcomeOf(first, firstRun) with { RetryAfter = TimeSpan.FromSeconds(10) });
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));

        await pipeline.Outcomes.PublishAsync([new StreamMessage("the other run", Pipeline.Partition, pipeline.OutcomeOf(first, AttemptResult.Succeeded, 200).ToJson())], Pipeline.None);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        pipeline.Time.Advance(TimeSpan.FromSeconds(30));
        await Pipeline.RunAsync(partition);
        Assert.Empty(await pipeline.TakeAsync());
    }

    /// <summary>The index, which would know that, was emptied; then the stream lost something, and is told again what was published of late.</summary>
    [Theory]
    [InlineData(AttemptResult.Succeeded, 2, false, 0)]
    [InlineData(AttemptResult.Succeeded, 1, false, 0)] // another run of the attempt that failed
    [InlineData(AttemptResult.Failed, 1, false, 1)]
    [InlineData(AttemptResult.PutOff, 2, false, 1)] // nobody may go on: the record has no retry
    [InlineData(AttemptResult.Succeeded, 2, true, 1)]
    public async Task A_failure_that_is_told_again_is_not_tried_again_when_history_knows_how_it_ended(AttemptResult last, int attempt, bool isHistoryAway, int retries)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (first, failed, partition) = await FailAndLoseTheIndexAsync(pipeline);
        await pipeline.History.WriteAsync([HistoryRow.Of(failed), HistoryRow.Of(pipeline.OutcomeOf(first with { Attempt = attempt }, last) with { RetryAfter = TimeSpan.FromMinutes(1) })], Pipeline.None);
        if (isHistoryAway)
            pipeline.TakeHistoryAway();

        await pipeline.PublishAsync(failed);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        await Pipeline.RunAsync(partition);

        await AssertRetriesAsync(pipeline, retries);
    }

    [Fact]
    public async Task A_failure_that_is_told_again_together_with_the_success_after_it_is_not_tried_again_though_history_knows_neither()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (first, failed, partition) = await FailAndLoseTheIndexAsync(pipeline);

        await pipeline.PublishAsync(failed);
        await pipeline.PublishAsync(pipeline.OutcomeOf(first with { Attempt = 2 }, AttemptResult.Succeeded, 200));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        await Pipeline.RunAsync(partition);

        await AssertRetriesAsync(pipeline, 0);
    }

    /// <summary>An older copy of the index has the flight of an attempt that was settled, and the record the row of a retry that was made.</summary>
    [Fact]
    public async Task What_ended_long_ago_leaves_no_flight_and_no_row()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var first = await DispatchAsync(pipeline);
        var failed = pipeline.OutcomeOf(first, AttemptResult.Failed, 500);
        await pipeline.History.WriteAsync([HistoryRow.Of(failed), HistoryRow.Of(pipeline.OutcomeOf(first with { Attempt = 2 }, AttemptResult.Succeeded, 200))], Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));
        await pipeline.Pending.KeepAsync([new PendingExecution(Settlement.NextAttempt(failed), pipeline.Time.GetUtcNow())], Pipeline.None);
        Assert.Single(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));

        await pipeline.PublishAsync(failed);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task A_dead_letter_that_is_told_again_does_not_come_back_after_it_was_redriven(bool isRedriven, int letters)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var first = await DispatchAsync(pipeline);
        var failed = pipeline.OutcomeOf(first, AttemptResult.Failed, 400);
        if (isRedriven)
            await pipeline.History.WriteAsync([HistoryRow.Of(failed), HistoryRow.Of(pipeline.OutcomeOf(DeadLetter.Of(failed).Redriven(), AttemptResult.Succeeded, 200))], Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));

        await pipeline.PublishAsync(failed);
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Equal(letters, (await pipeline.DeadLetters.FindAsync(first.Tenant, first.ExecutionId, Pipeline.None)) is null ? 0 : 1);
    }

    [Fact]
    public async Task The_end_of_an_execution_clears_flight_and_record()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.PublishAsync(pipeline.OutcomeOf(await DispatchAsync(pipeline), AttemptResult.TimedOut));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(10));
        await Pipeline.RunAsync(partition);
        Assert.Single(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));

        await pipeline.PublishAsync(pipeline.OutcomeOf(Assert.Single(await pipeline.TakeAsync()), AttemptResult.Succeeded, 200));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 10, Pipeline.None));
        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task A_triggered_execution_is_in_the_record_until_it_ends()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddYears(1) });
        var partition = pipeline.NewPartition();
        await Pipeline.RunAsync(partition);
        await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);
        await Pipeline.RunAsync(partition);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));

        await pipeline.PublishAsync(pipeline.OutcomeOf(Assert.Single(await pipeline.TakeAsync()), AttemptResult.Succeeded, 200));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task While_the_record_is_away_what_needs_none_is_settled_and_the_rest_waits_without_being_asked_for_again_and_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var first = await DispatchAsync(pipeline);
        var settler = pipeline.NewSettler();
        pipeline.PendingSeam.IsAway = true;
        await pipeline.PublishAsync(pipeline.OutcomeOf(first, AttemptResult.Failed, 500));
        await pipeline.PublishAsync(pipeline.OutcomeOf(first with { ExecutionId = "job@20261201T040000Z" }, AttemptResult.Succeeded, 200));

        await settler.RunOnceAsync(Pipeline.None);
        Assert.Equal(1, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
        Assert.Empty(await pipeline.Outcomes.PullAsync(OutcomeReader.Settler, 10, TimeSpan.Zero, Pipeline.None));

        await pipeline.PublishAsync(pipeline.OutcomeOf(first with { ExecutionId = "job@20261201T050000Z" }, AttemptResult.Failed, 500));
        await settler.RunOnceAsync(Pipeline.None);
        Assert.Equal(1, pipeline.PendingSeam.Writes);

        pipeline.PendingSeam.IsAway = false;
        pipeline.Time.Advance(TimeSpan.FromSeconds(2));
        await settler.RunOnceAsync(Pipeline.None);
        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
        Assert.Equal(2, (await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Count);
    }

    [Theory]
    [InlineData("\"durationMs\":0", "\"durationMs\":9000000000000000000")]
    [InlineData("\"traceParent\":\"", "\"traceParent\":\"x\",\"was\":\"")]
    [InlineData("\"result\":\"failed\"", "\"result\":\"invented\"")]
    public async Task An_outcome_that_nothing_can_be_made_of_is_taken_out_and_the_others_are_read(string written, string forged)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var execution = await DispatchAsync(pipeline);
        var outcome = pipeline.OutcomeOf(execution, AttemptResult.Failed, 500);
        var text = System.Text.Encoding.UTF8.GetString(outcome.ToJson());
        Assert.Contains(written, text, StringComparison.Ordinal);
        await pipeline.Outcomes.PublishAsync([new StreamMessage("x", Pipeline.Partition, System.Text.Encoding.UTF8.GetBytes(text.Replace(written, forged, StringComparison.Ordinal)))], Pipeline.None);
        await pipeline.PublishAsync(outcome with { Result = AttemptResult.Succeeded });

        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        await new HistoryWriter(pipeline.Outcomes, pipeline.History, pipeline.Time, NullLogger<HistoryWriter>.Instance).RunOnceAsync(Pipeline.None);

        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.History, Pipeline.None));
        Assert.Equal(AttemptResult.Succeeded, (await pipeline.History.FindAsync(execution.Job, execution.ExecutionId, Pipeline.None))!.Last.Result);
    }

    [Fact]
    public async Task An_outcome_that_cannot_be_read_is_taken_out()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await pipeline.Outcomes.PublishAsync([new StreamMessage("x", Pipeline.Partition, "nonsense"u8.ToArray())], Pipeline.None);

        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);

        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
    }

    private static async Task<(Execution First, Outcome Failed, DuePartition Partition)> FailAndLoseTheIndexAsync(Pipeline pipeline)
    {
        var first = await DispatchAsync(pipeline);
        var failed = pipeline.OutcomeOf(first, AttemptResult.Failed, 500);
        var partition = pipeline.NewPartition();
        pipeline.Index.Empty();
        await Pipeline.RunAsync(partition);
        pipeline.Time.Advance(TimeSpan.FromSeconds(20));
        await Pipeline.RunAsync(partition);
        await pipeline.TakeAsync();
        return (first, failed, partition);
    }

    private static async Task AssertRetriesAsync(Pipeline pipeline, int retries)
    {
        Assert.Equal(retries, (await pipeline.TakeAsync()).Count(execution => execution.Attempt == 2));
        Assert.Equal(retries, (await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Count);
        Assert.Equal(0, await pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None));
    }

    private static async Task<Execution> DispatchAsync(Pipeline pipeline)
    {
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) }, Retry);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(pipeline.NewPartition());
        return Assert.Single(await pipeline.TakeAsync());
    }
}
