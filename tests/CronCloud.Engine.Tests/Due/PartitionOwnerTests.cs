using CronCloud.Backends.DueIndex;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Due;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Due;

public sealed class PartitionOwnerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryLeases _leases;
    private readonly PartitionOwner[] _owners;

    public PartitionOwnerTests()
    {
        _leases = new MemoryLeases(_time);
        _owners = [.. new[] { "a", "b", "c" }.Select(name => new PartitionOwner(name, _leases, _leases, _time))];
    }

    [Fact]
    public async Task Owners_share_all_partitions_about_evenly()
    {
        await SettleAsync(_owners);

        Assert.Equal(Enumerable.Range(0, Partitions.Count), _owners.SelectMany(o => o.Held).Order());
        Assert.All(_owners, o => Assert.InRange(o.Held.Count, 60, 115));
    }

    [Fact]
    public async Task The_partitions_of_a_dead_owner_are_taken_over_when_its_leases_lapse()
    {
        await SettleAsync(_owners);

        _time.Advance(PartitionOwner.LeaseLife / 2);
        await SettleAsync(_owners[1..]);
        Assert.True(_owners[1..].Sum(o => o.Held.Count) < Partitions.Count);
        _time.Advance((PartitionOwner.LeaseLife / 2) + TimeSpan.FromMilliseconds(1));
        await SettleAsync(_owners[1..]);

        Assert.Equal(Enumerable.Range(0, Partitions.Count), _owners[1..].SelectMany(o => o.Held).Order());
    }

    [Fact]
    public async Task An_owner_that_may_not_dispatch_stands_aside_until_it_may()
    {
        var isFit = true;
        var owner = new PartitionOwner("d", _leases, _leases, _time, () => isFit);
        await SettleAsync([owner, .. _owners]);
        Assert.NotEmpty(owner.Held);

        isFit = false;
        var placement = await owner.RunOnceAsync(owner.Held.ToList(), CancellationToken.None);
        await owner.ReleaseAsync(placement.Lost, CancellationToken.None);
        await SettleAsync([owner, .. _owners]);

        Assert.Empty(owner.Held);
        Assert.Equal(Enumerable.Range(0, Partitions.Count), _owners.SelectMany(o => o.Held).Order());
        isFit = true;
        await SettleAsync([owner, .. _owners]);
        Assert.NotEmpty(owner.Held);
    }

    [Fact]
    public async Task An_owner_whose_loops_are_gone_is_told_to_start_them_again()
    {
        await SettleAsync(_owners);
        var held = _owners[0].Held.ToList();

        var placement = await _owners[0].RunOnceAsync([], CancellationToken.None);

        Assert.Equal(held.Order(), placement.Gained.Order());
    }

    [Fact]
    public async Task An_owner_that_leaves_hands_over_at_once()
    {
        await SettleAsync(_owners);

        await _owners[0].LeaveAsync(CancellationToken.None);
        await SettleAsync(_owners[1..]);

        Assert.Empty(_owners[0].Held);
        Assert.Equal(Enumerable.Range(0, Partitions.Count), _owners[1..].SelectMany(o => o.Held).Order());
    }

    [Fact]
    public async Task An_owner_that_comes_back_gets_the_same_partitions()
    {
        await SettleAsync(_owners);
        var before = _owners[0].Held.ToHashSet();
        await _owners[0].LeaveAsync(CancellationToken.None);
        await SettleAsync(_owners[1..]);

        await SettleAsync(_owners);

        Assert.Equal(before, _owners[0].Held);
    }

    /// <summary>Each looks a few times, and gives up what it has lost.</summary>
    private static async Task SettleAsync(PartitionOwner[] owners)
    {
        for (var round = 0; round < 3; round++)
        {
            foreach (var owner in owners)
            {
                var placement = await owner.RunOnceAsync(owner.Held.ToList(), CancellationToken.None);
                await owner.ReleaseAsync(placement.Lost, CancellationToken.None);
            }
        }
    }
}
