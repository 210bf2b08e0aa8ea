using CronCloud.Core.Due;
using CronCloud.Engine.Due;

namespace CronCloud.Engine.Tests.Due;

public sealed class DueBacklogTests
{
    private static readonly DateTimeOffset Now = Pipeline.Start;

    private readonly DueBacklog _backlog = new();

    [Fact]
    public void A_node_of_which_no_partition_has_looked_is_neither_late_nor_busy() => AssertIs(late: false, busy: false);

    [Fact]
    public void A_node_is_late_when_one_partition_found_what_was_due_more_than_a_second_ago()
    {
        _backlog.Tell(1, new PartitionBacklog(0, null, Now, IsWhole: true));
        _backlog.Tell(2, new PartitionBacklog(1, Now.AddSeconds(-1), Now, IsWhole: true, Now.AddSeconds(-1)));
        AssertIs(late: false, busy: false);

        _backlog.Tell(2, new PartitionBacklog(1, Now.AddSeconds(-1.1), Now, IsWhole: true, Now.AddSeconds(-1.1)));
        AssertIs(late: true, busy: true);
    }

    [Fact]
    public void A_node_that_builds_an_index_is_busy()
    {
        _backlog.Tell(1, new PartitionBacklog(0, null, Now, IsWhole: false));

        AssertIs(late: false, busy: true);
    }

    [Fact]
    public void What_a_partition_found_that_nobody_looks_at_any_more_does_not_count()
    {
        _backlog.Tell(1, new PartitionBacklog(1, Now.AddMinutes(-1), Now.AddSeconds(-3), IsWhole: false, Now.AddMinutes(-1)));

        AssertIs(late: false, busy: false);
    }

    [Fact]
    public async Task What_is_left_over_from_long_ago_makes_no_node_late()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var parts = pipeline.NewParts();
        var partition = new DuePartition(Pipeline.Partition, parts, pipeline.Time);
        await Pipeline.RunAsync(partition);
        await pipeline.Index.ArmAsync(Pipeline.Partition, [DueItem.EntryOf(await pipeline.WriteJobAsync(Pipeline.EverySecond), Now.AddMinutes(-10), Now).LeftOver(Now.AddMinutes(-5))], Pipeline.None);

        await partition.RunOnceAsync(Pipeline.None);

        Assert.NotNull(parts.Backlog.Of(Pipeline.Partition)!.Oldest);
        Assert.False(parts.Backlog.IsLate(pipeline.Time.GetUtcNow()));
    }

    private void AssertIs(bool late, bool busy) => Assert.Equal((late, busy), (_backlog.IsLate(Now), _backlog.IsBusy(Now)));
}
