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

        Assert.Equal(TimeSpan.Zero, await AgeAsync("a", Long));
        await PassAsync(Short);
        Assert.True(await AgeAsync("b", Long) >= Short * 0.9);
        await roster.LeaveAsync("x", "a", None);
        await PassAsync(Short);
        Assert.True(await AgeAsync("c", Long) >= Short * 1.9);
        await roster.LeaveAsync("x", "b", None);
        await roster.LeaveAsync("x", "c", None);
        await PassAsync(Short);
        Assert.Equal(TimeSpan.Zero, await AgeAsync("a", Short));
        await PassAsync(Short * 2);
        Assert.Equal(TimeSpan.Zero, await AgeAsync("a", Short));

        async Task<TimeSpan> AgeAsync(string name, TimeSpan life) => (await roster.AnnounceAsync("x", name, life, None)).Age;
    }
}
