using CronCloud.TestServers;

namespace CronCloud.System.Tests;

/// <summary>How a process starts.</summary>
public sealed class StartTests
{
    /// <summary>
    /// More actors start at once than there are threads, and no thread may wait for what only another thread of the pool can do: the process would stand still until the pool has grown, which takes
    /// minutes; a pool that may not grow stands still for ever.
    /// </summary>
    [Fact]
    public async Task It_is_ready_though_it_has_fewer_threads_than_actors()
    {
        await using var croncloud = await TwinInstallation.StartAsync(("DOTNET_ThreadPool_ForceMaxWorkerThreads", "2"));

        Assert.True(await croncloud.Process.IsReadyAsync());
    }
}
