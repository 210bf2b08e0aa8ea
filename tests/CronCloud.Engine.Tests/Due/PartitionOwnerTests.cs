using CronCloud.Backends.DueIndex;
using CronCloud.Core.Cluster;
using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Due;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Due;

public sealed class PartitionOwnerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Keeper _leases;
    private readonly PartitionOwner[] _owners;

    public PartitionOwnerTests()
    {
        _leases = new Keeper(_time);
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
        await PassAsync(PartitionOwner.Young, [owner, .. _owners]);
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
        await PassAsync(PartitionOwner.Young, _owners);

        await _owners[0].LeaveAsync(CancellationToken.None);
        await SettleAsync(_owners[1..]);

        Assert.Empty(_owners[0].Held);
        Assert.Equal(Enumerable.Range(0, Partitions.Count), _owners[1..].SelectMany(o => o.Held).Order());
    }

    [Fact]
    public async Task An_owner_that_leaves_while_it_hands_over_gives_that_up_too()
    {
        await SettleAsync(_owners[..2]);
        await PassAsync(PartitionOwner.Young, _owners[..2]);
        await _owners[2].RunOnceAsync([], CancellationToken.None);
        var placement = await _owners[0].RunOnceAsync(_owners[0].Held.ToList(), CancellationToken.None);
        Assert.NotEmpty(placement.Lost);

        await _owners[0].LeaveAsync(CancellationToken.None);
        await SettleAsync(_owners[1..]);

        Assert.Equal(Enumerable.Range(0, Partitions.Count), _owners[1..].SelectMany(o => o.Held).Order());
    }

    [Fact]
    public async Task An_owner_that_comes_back_gets_the_same_partitions()
    {
        await SettleAsync(_owners);
        await PassAsync(PartitionOwner.Young, _owners);
        var before = _owners[0].Held.ToHashSet();
        await _owners[0].LeaveAsync(CancellationToken.None);
        await SettleAsync(_owners[1..]);

        await SettleAsync(_owners);

        Assert.Equal(before, _owners[0].Held);
    }

    [Fact]
    public async Task An_owner_that_died_and_starts_again_under_its_name_has_its_partitions_back_at_once()
    {
        await SettleAsync(_owners);
        var before = _owners[0].Held.Order().ToList();

        var again = new PartitionOwner("a", _leases, _leases, _time);
        var placement = await again.RunOnceAsync([], CancellationToken.None);

        Assert.Equal(before, placement.Gained.Order());
        Assert.Equal(before, again.Held.Order());
    }

    [Fact]
    public async Task A_keeper_that_forgot_everything_moves_no_partition()
    {
        await SettleAsync(_owners);
        await PassAsync(PartitionOwner.Young, _owners);
        var before = _owners.Select(o => o.Held.ToHashSet()).ToList();

        _leases.Forget();

        await AssertNothingMovesAsync(before);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_keeper_that_was_away_or_stood_still_for_longer_than_a_lease_moves_no_partition(bool isToldAway)
    {
        await SettleAsync(_owners);
        await PassAsync(PartitionOwner.Young, _owners);
        var before = _owners.Select(o => o.Held.ToHashSet()).ToList();

        _leases.IsAway = isToldAway;
        if (isToldAway)
            await Assert.ThrowsAsync<IOException>(() => _owners[0].RunOnceAsync(_owners[0].Held.ToList(), CancellationToken.None));
        _time.Advance(PartitionOwner.LeaseLife * 1.5);
        _leases.IsAway = false;

        await AssertNothingMovesAsync(before);
    }

    [Fact]
    public async Task Who_does_not_come_back_to_a_keeper_that_forgot_is_given_up()
    {
        await SettleAsync(_owners);
        await PassAsync(PartitionOwner.Young, _owners);

        _leases.Forget();
        await SettleAsync(_owners[1..]);
        Assert.True(_owners[1..].Sum(o => o.Held.Count) < Partitions.Count);
        await PassAsync(PartitionOwner.Young, _owners[1..]);

        Assert.Equal(Enumerable.Range(0, Partitions.Count), _owners[1..].SelectMany(o => o.Held).Order());
    }

    [Fact]
    public async Task An_owner_that_was_cut_off_alone_awaits_nobody_who_left_meanwhile()
    {
        await SettleAsync(_owners);
        await PassAsync(PartitionOwner.Young, _owners);
        await PassAsync(PartitionOwner.LeaseLife * 2, _owners[1..]);
        await _owners[2].LeaveAsync(CancellationToken.None);

        await SettleAsync(_owners[..2]);

        Assert.Equal(Enumerable.Range(0, Partitions.Count), _owners[..2].SelectMany(o => o.Held).Order());
    }

    /// <summary>Nor later, when all have been heard.</summary>
    private async Task AssertNothingMovesAsync(List<HashSet<int>> before)
    {
        foreach (var owner in _owners)
        {
            var placement = await owner.RunOnceAsync(owner.Held.ToList(), CancellationToken.None);

            Assert.Empty(placement.Gained);
            Assert.Empty(placement.Lost);
        }

        await PassAsync(PartitionOwner.Young, _owners);
        Assert.Equal(before, _owners.Select(o => o.Held.ToHashSet()));
    }

    /// <summary>They look again and again meanwhile.</summary>
    private async Task PassAsync(TimeSpan span, PartitionOwner[] owners)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += PartitionOwner.Interval)
        {
            _time.Advance(PartitionOwner.Interval);
            await SettleAsync(owners);
        }
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

    /// <summary>A keeper of leases and rosters that forgets all of them, or does not answer.</summary>
    private sealed class Keeper(TimeProvider time) : IPartitionLeases, IRoster
    {
        private MemoryLeases _kept = new(time);

        public bool IsAway { get; set; }

        private MemoryLeases Kept => IsAway ? throw new IOException("away") : _kept;

        public void Forget() => _kept = new MemoryLeases(time);

        public Task<RollCall> AnnounceAsync(string roster, string name, TimeSpan life, CancellationToken cancellation) => Kept.AnnounceAsync(roster, name, life, cancellation);

        public Task LeaveAsync(string roster, string name, CancellationToken cancellation) => Kept.LeaveAsync(roster, name, cancellation);

        public Task<IReadOnlySet<int>> AcquireAsync(string owner, IReadOnlyCollection<int> partitions, TimeSpan life, CancellationToken cancellation) => Kept.AcquireAsync(owner, partitions, life, cancellation);

        public Task ReleaseAsync(string owner, IReadOnlyCollection<int> partitions, CancellationToken cancellation) => Kept.ReleaseAsync(owner, partitions, cancellation);
    }
}
