using CronCloud.Core.Cluster;

namespace CronCloud.Backends.Tests.DueIndex;

/// <summary>What every keeper of rosters must do.</summary>
public abstract class RosterContract
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract Task<IRoster> OpenAsync();

    /// <summary>Lets the keeper's clock run on.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    [Fact]
    public async Task Names_know_of_each_other_while_they_live()
    {
        var roster = await OpenAsync();

        Assert.Equal(["b"], (await roster.AnnounceAsync("x", "b", Short, None)).Names);
        Assert.Equal(["a", "b"], (await roster.AnnounceAsync("x", "a", Long, None)).Names);
        await PassAsync(Short * 2);
        Assert.Equal(["a"], (await roster.AnnounceAsync("x", "a", Long, None)).Names);
    }

    [Fact]
    public async Task A_name_that_leaves_is_gone_at_once_from_that_roster_alone()
    {
        var roster = await OpenAsync();
        await roster.AnnounceAsync("x", "c", Long, None);
        await roster.AnnounceAsync("y", "c", Long, None);

        await roster.LeaveAsync("x", "c", None);

        Assert.Equal(["a"], (await roster.AnnounceAsync("x", "a", Long, None)).Names);
        Assert.Equal(["a", "c"], (await roster.AnnounceAsync("y", "a", Long, None)).Names);
    }

    [Fact]
    public async Task A_roster_is_as_old_as_there_has_been_a_name_on_it()
    {
        var roster = await OpenAsync();

        Assert.Equal(TimeSpan.Zero, (await roster.AnnounceAsync("x", "a", Short, None)).Age);
        await PassAsync(Short / 2);
        Assert.InRange((await roster.AnnounceAsync("x", "b", Short, None)).Age, Short / 2, Short);
        await PassAsync(Short * 0.75);
        Assert.InRange((await roster.AnnounceAsync("x", "a", Short, None)).Age, Short * 1.25, Short * 2);
        await PassAsync(Short * 2);
        Assert.Equal(TimeSpan.Zero, (await roster.AnnounceAsync("x", "a", Short, None)).Age);
        await roster.LeaveAsync("x", "a", None);
        await PassAsync(Short / 10);
        Assert.Equal(TimeSpan.Zero, (await roster.AnnounceAsync("x", "b", Short, None)).Age);
    }
}
