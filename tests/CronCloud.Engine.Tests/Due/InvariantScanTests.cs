using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Tests.Executing;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Due;

public sealed class InvariantScanTests
{
    [Fact]
    public async Task A_pending_row_of_an_execution_that_has_ended_goes_at_the_second_look()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddYears(1) });
        await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job" }, Pipeline.None);
        await Pipeline.RunAsync(pipeline.NewPartition());
        var execution = Assert.Single(await pipeline.TakeAsync());

        await RoundAsync(scan);
        pipeline.Time.Advance(Suspects.Patience);
        await RoundAsync(scan);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        pipeline.Time.Advance(Suspects.Patience);
        await pipeline.Index.LandAsync(Pipeline.Partition, [new Landing(execution.AttemptId, null)], pipeline.Time.GetUtcNow(), Pipeline.None);
        await RoundAsync(scan);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        pipeline.Time.Advance(Suspects.Patience);
        await RoundAsync(scan);

        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        Assert.Equal(1, findings.Total);
    }

    /// <summary>Of two settlers that were told of two runs of one attempt, the one that keeps the retry in the record was the slower.</summary>
    [Fact]
    public async Task A_row_of_a_retry_that_a_success_took_back_goes_at_the_second_look_however_late_it_is_due()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await Pipeline.RunAsync(pipeline.NewPartition());
        await Workers.DispatchAsync(pipeline);
        var execution = Assert.Single(await pipeline.TakeAsync());
        var (now, retry) = (pipeline.Time.GetUtcNow(), execution with { Attempt = 2 });
        var due = now + (2 * DueEntry.TombstoneLife);
        await pipeline.Index.LandAsync(Pipeline.Partition, [new Landing(execution.AttemptId, new DueEntry(retry.EntryKey, 2, due, retry.ToJson()))], now, Pipeline.None);
        Assert.Equal([Landed.TookRetryBack], await pipeline.Index.LandAsync(Pipeline.Partition, [new Landing(execution.AttemptId, null) { Succeeded = true }], now, Pipeline.None));
        await pipeline.Pending.KeepAsync([new PendingExecution(retry, due)], Pipeline.None);

        await RoundAsync(scan);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        pipeline.Time.Advance(Suspects.Patience);
        await RoundAsync(scan);

        Assert.Empty(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
        Assert.Equal(1, findings.Total);
    }

    [Fact]
    public async Task A_slot_that_no_execution_has_is_freed_at_the_second_look()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await Pipeline.RunAsync(pipeline.NewPartition());
        await pipeline.Index.ClaimAsync(Pipeline.Partition, [new SlotClaim(Pipeline.EntryKey, "t/job@gone")], Pipeline.None);

        await RoundAsync(scan);
        Assert.Single(await pipeline.Index.ReadSlotsAsync(Pipeline.Partition, Pipeline.None));
        pipeline.Time.Advance(Suspects.Patience);
        await RoundAsync(scan);

        Assert.Empty(await pipeline.Index.ReadSlotsAsync(Pipeline.Partition, Pipeline.None));
        Assert.Equal(1, findings.Total);
    }

    [Fact]
    public async Task What_is_overdue_or_unsettled_beyond_a_bound_is_told()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (scan, findings) = await NewScanAsync(pipeline);
        await pipeline.WriteJobAsync(Pipeline.EverySecond);
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(pipeline.NewPartition());

        await RoundAsync(scan);
        Assert.Equal(0, findings.Total);
        pipeline.Time.Advance(TimeSpan.FromHours(1));
        await RoundAsync(scan);

        Assert.Equal(2, findings.Total);
    }

    /// <summary>All partitions once.</summary>
    private static async Task RoundAsync(InvariantScan scan)
    {
        for (var runs = 0; runs < Partitions.Count; runs++)
            await scan.RunOnceAsync(Pipeline.None);
    }

    private static async Task<(InvariantScan Scan, Findings Findings)> NewScanAsync(Pipeline pipeline)
    {
        var owner = await pipeline.NewOwnerAsync();
        var findings = new Findings(NullLogger<Findings>.Instance);
        return (new InvariantScan(owner, pipeline.Index, pipeline.Pending, findings, pipeline.Time), findings);
    }
}
