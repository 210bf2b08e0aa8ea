using CronCloud.TestServers;

namespace CronCloud.System.Tests.Crashes;

/// <summary>kill -9, a restart, and nothing is missing.</summary>
public sealed class CrashTests
{
    private const int Jobs = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(30)]
    [InlineData(500)]
    public async Task A_killed_process_on_twins_loses_no_execution_and_no_history_row(int msAfterTheSecond)
    {
        await using var croncloud = await TwinInstallation.StartAsync();
        var jobs = await EverySecondJobs.CreateAsync(croncloud, Jobs);
        await jobs.UntilAsync(await UntilSecondsPassAsync(2), Patience);

        await UntilSecondsPassAsync(1);
        await Task.Delay(TimeSpan.FromMilliseconds(msAfterTheSecond), TimeProvider.System);
        await croncloud.Process.KillAsync();
        await UntilSecondsPassAsync(2);
        await croncloud.StartProcessAsync();

        var end = await UntilSecondsPassAsync(2);
        await jobs.UntilAsync(end, Patience);
        jobs.AssertNoneMissing(end);
        await jobs.AssertAllInHistoryAsync(end);
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 30)]
    [InlineData(2, 500)]
    public async Task A_killed_node_of_three_loses_no_execution_and_no_history_row(int node, int msAfterTheSecond)
    {
        await using var croncloud = await ClusterInstallation.StartAsync();
        var jobs = await EverySecondJobs.CreateAsync(croncloud, Jobs);
        await jobs.UntilAsync(await UntilSecondsPassAsync(2), Patience);

        await UntilSecondsPassAsync(1);
        await Task.Delay(TimeSpan.FromMilliseconds(msAfterTheSecond), TimeProvider.System);
        await croncloud.KillNodeAsync(node);
        await UntilSecondsPassAsync(4);
        await croncloud.StartNodeAsync(node);
        await croncloud.Nodes[node]!.UntilReadyAsync();

        var end = await UntilSecondsPassAsync(3);
        await jobs.UntilAsync(end, Patience);
        jobs.AssertNoneMissing(end);
        await jobs.AssertAllInHistoryAsync(end);
        var worst = croncloud.Sink.Received.Max(w => w.Lateness);
        Assert.True(worst < TimeSpan.FromSeconds(5), $"The latest start was {worst.TotalSeconds:0.0} s late.");
    }

    /// <summary>Each dies while the one before it is still coming back.</summary>
    [Fact]
    public async Task Three_nodes_killed_one_after_another_lose_nothing_and_jobs_can_be_made_again()
    {
        await using var croncloud = await ClusterInstallation.StartAsync();
        var jobs = await EverySecondJobs.CreateAsync(croncloud, Jobs);
        await jobs.UntilAsync(await UntilSecondsPassAsync(2), Patience);

        for (var node = 0; node < 3; node++)
        {
            await croncloud.KillNodeAsync(node);
            await UntilSecondsPassAsync(4);
            await croncloud.StartNodeAsync(node);
            await UntilSecondsPassAsync(2);
        }

        foreach (var node in croncloud.Nodes)
            await node!.UntilReadyAsync();
        var end = await UntilSecondsPassAsync(3);
        await jobs.UntilAsync(end, Patience);
        jobs.AssertNoneMissing(end);
        await jobs.AssertAllInHistoryAsync(end);
        await EverySecondJobs.CreateAsync(croncloud, Jobs, "later");
    }

    [Fact]
    public async Task A_stopped_process_drains_and_exits_with_0()
    {
        await using var croncloud = await TwinInstallation.StartAsync();
        var jobs = await EverySecondJobs.CreateAsync(croncloud, Jobs);
        await jobs.UntilAsync(await UntilSecondsPassAsync(1), Patience);

        Assert.Equal(0, await croncloud.Process.StopAsync());
        await croncloud.StartProcessAsync();

        var end = await UntilSecondsPassAsync(2);
        await jobs.UntilAsync(end, Patience);
        jobs.AssertNoneMissing(end);
        Assert.Equal(croncloud.Sink.Received.Count, croncloud.Sink.Received.Select(w => w.ExecutionId).Distinct().Count());
    }

    /// <summary>The whole second that begins when so many have passed.</summary>
    private static async Task<DateTimeOffset> UntilSecondsPassAsync(int seconds)
    {
        var now = TimeProvider.System.GetUtcNow();
        var then = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() + seconds);
        await Task.Delay(then - now, TimeProvider.System);
        return then;
    }
}
