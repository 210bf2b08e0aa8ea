using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

/// <summary>What every keeper of leases must do.</summary>
public abstract class PartitionLeasesContract
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract Task<IPartitionLeases> OpenAsync();

    /// <summary>Lets the keeper's clock run on.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    [Fact]
    public async Task A_partition_has_one_owner_at_a_time()
    {
        var leases = await OpenAsync();

        Assert.Equal([1, 2, 3], (await leases.AcquireAsync("a", [1, 2, 3], Long, None)).Order());
        Assert.Equal([4], (await leases.AcquireAsync("b", [2, 3, 4], Long, None)).Order());
        Assert.Equal([1, 2, 3], (await leases.AcquireAsync("a", [1, 2, 3], Long, None)).Order());
    }

    [Fact]
    public async Task A_released_partition_is_free_at_once()
    {
        var leases = await OpenAsync();
        await leases.AcquireAsync("a", [1, 2], Long, None);

        await leases.ReleaseAsync("b", [1], None);
        Assert.Empty(await leases.AcquireAsync("b", [1], Long, None));
        await leases.ReleaseAsync("a", [1], None);
        Assert.Equal([1], await leases.AcquireAsync("b", [1, 2], Long, None));
    }

    [Fact]
    public async Task A_lapsed_lease_goes_to_whoever_asks_next()
    {
        var leases = await OpenAsync();
        await leases.AcquireAsync("a", [1], Short, None);

        await PassAsync(Short * 2);

        Assert.Equal([1], await leases.AcquireAsync("b", [1], Long, None));
        Assert.Empty(await leases.AcquireAsync("a", [1], Long, None));
    }
}
