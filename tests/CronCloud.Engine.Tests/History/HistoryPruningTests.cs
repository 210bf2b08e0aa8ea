using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.History;

namespace CronCloud.Engine.Tests.History;

public sealed class HistoryPruningTests
{
    [Fact]
    public async Task What_is_older_than_thirty_days_is_forgotten_a_part_at_a_time()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var kept = RowAt(Pipeline.Start);
        await pipeline.History.WriteAsync([.. Enumerable.Range(1, HistoryPruning.Part + 1).Select(i => RowAt(Pipeline.Start.AddSeconds(-i))), kept], Pipeline.None);
        var pruning = new HistoryPruning(pipeline.History, pipeline.Time);
        Assert.Equal(TimeSpan.FromHours(1), await pruning.RunOnceAsync(Pipeline.None));
        Assert.Equal(500, (await pipeline.History.ListAsync(new HistoryQuery { Tenant = "t", Limit = 500 }, Pipeline.None)).Items.Count);

        pipeline.Time.Advance(TimeSpan.FromDays(30));

        Assert.True(await pruning.RunOnceAsync(Pipeline.None) < TimeSpan.FromSeconds(1));
        Assert.Equal([Pipeline.Start, Pipeline.Start.AddSeconds(-1)], await LeftAsync(pipeline));
        Assert.Equal(TimeSpan.FromHours(1), await pruning.RunOnceAsync(Pipeline.None));
        Assert.Equal([Pipeline.Start], await LeftAsync(pipeline));
    }

    private static async Task<IEnumerable<DateTimeOffset>> LeftAsync(Pipeline pipeline) =>
        (await pipeline.History.ListAsync(new HistoryQuery { Tenant = "t" }, Pipeline.None)).Items.Select(e => e.Last.ScheduledAt);

    private static HistoryRow RowAt(DateTimeOffset due)
    {
        var execution = new Execution { Tenant = "t", JobId = "job", JobVersion = 1, ExecutionId = ExecutionId.Of("job", due), ScheduledAt = due, Trigger = Trigger.Schedule, Attempt = 1, Target = new Target(), Retry = RetryPolicy.Default, TraceParent = TraceParent.New() };
        return HistoryRow.Of(new Outcome { Execution = execution, Result = AttemptResult.Succeeded, StartedAt = due, DurationMs = 1, Node = "node" });
    }
}
