using CronCloud.Backends.DueIndex;
using CronCloud.Engine.Cluster;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Cluster;

public sealed class MembershipTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryLeases _roster;
    private readonly View _view = new("a");
    private readonly Membership _membership;
    private readonly Membership _other;

    public MembershipTests()
    {
        _roster = new MemoryLeases(_time);
        _membership = Of(_view);
        _other = Of(new View("b"));
    }

    [Fact]
    public async Task An_unreachable_member_that_is_silent_is_downed_after_the_margin()
    {
        await _other.RunOnceAsync(CancellationToken.None);
        _view.Unreachable = ["b"];

        await RunForAsync(Membership.Life + Membership.Margin - Step);
        Assert.Empty(_view.Downed);
        await RunForAsync(Step * 3);

        Assert.Contains("b", _view.Downed);
    }

    [Fact]
    public async Task An_unreachable_member_that_says_it_lives_stays()
    {
        _view.Unreachable = ["b"];

        await RunForAsync(TimeSpan.FromMinutes(1), _other);

        Assert.Empty(_view.Downed);
    }

    [Fact]
    public async Task A_silent_member_that_can_be_reached_stays()
    {
        await RunForAsync(TimeSpan.FromMinutes(1));

        Assert.Empty(_view.Downed);
    }

    [Fact]
    public async Task A_roster_that_was_emptied_downs_nobody_that_comes_back_to_it()
    {
        _view.Unreachable = ["b"];
        await RunForAsync(Step * 4, _other);
        await _roster.LeaveAsync("members", "b", CancellationToken.None);
        await RunForAsync(Step);

        await RunForAsync(TimeSpan.FromMinutes(1), _other);

        Assert.Empty(_view.Downed);
    }

    [Fact]
    public async Task The_smaller_of_two_clusters_ends_and_the_larger_stays()
    {
        _view.Members = ["a"];
        var larger = new View("b") { Members = ["b", "c"] };

        await RunForAsync(Membership.IslandMargin, Of(larger), Of(new View("c") { Members = ["b", "c"] }));
        Assert.False(_view.IsOut);
        await RunForAsync(Step * 2, Of(larger), Of(new View("c") { Members = ["b", "c"] }));

        Assert.True(_view.IsOut);
        Assert.False(larger.IsOut);
    }

    [Fact]
    public async Task Of_two_clusters_as_large_the_one_with_the_first_name_stays()
    {
        _view.Members = ["a"];
        var other = new View("b") { Members = ["b"] };

        await RunForAsync(TimeSpan.FromMinutes(1), Of(other));

        Assert.False(_view.IsOut);
        Assert.True(other.IsOut);
    }

    [Fact]
    public async Task A_node_that_joins_in_time_ends_nobody()
    {
        _view.Members = ["a"];
        await RunForAsync(Membership.IslandMargin / 2, _other);
        _view.Members = ["a", "b"];
        await RunForAsync(Step, _other);
        _view.Members = ["a"];

        await RunForAsync(Membership.IslandMargin / 2, _other);

        Assert.False(_view.IsOut);
    }

    [Fact]
    public async Task A_node_that_starts_asks_the_living_members_before_the_seeds()
    {
        await _other.RunOnceAsync(CancellationToken.None);
        _view.IsJoined = false;

        await _membership.RunOnceAsync(CancellationToken.None);

        Assert.Equal([["b", "seed:1", "seed:2"]], _view.Asked);
    }

    [Fact]
    public async Task A_node_that_comes_back_at_once_does_not_ask_its_own_incarnation_before()
    {
        await Of(new View("a:1#old")).RunOnceAsync(CancellationToken.None);
        await Of(new View("b:1#7")).RunOnceAsync(CancellationToken.None);
        var back = new View("a:1#new") { IsJoined = false };

        await Of(back).RunOnceAsync(CancellationToken.None);

        Assert.Equal([["b:1#7", "seed:1", "seed:2"]], back.Asked);
    }

    [Fact]
    public async Task A_node_that_finds_nobody_looks_anew_after_a_while_and_does_not_count_as_living_meanwhile()
    {
        _view.IsJoined = false;
        await RunForAsync(Membership.JoinPatience);
        Assert.Equal([["seed:1", "seed:2"]], _view.Asked);
        await RunForAsync(Step, _other);
        await RunForAsync(Step, _other);

        Assert.Equal(["b", "seed:1", "seed:2"], _view.Asked[^1]);
        Assert.Equal(["b", "c"], await _roster.AnnounceAsync("members", "c", Membership.Life, CancellationToken.None));
    }

    private async Task RunForAsync(TimeSpan span, params Membership[] others)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += Step)
        {
            foreach (var membership in others.Append(_membership))
                await membership.RunOnceAsync(CancellationToken.None);
            _time.Advance(Step);
        }
    }

    private Membership Of(View view) => new(view, _roster, new SeedNodes(["seed:1", "seed:2"]), _time, NullLogger<Membership>.Instance);

    private sealed class View(string self) : IClusterView
    {
        public string Self => self;

        public bool IsUp => true;

        public bool IsJoined { get; set; } = true;

        public List<IReadOnlyList<string>> Asked { get; } = [];

        public void Join(IReadOnlyList<string> nodes) => Asked.Add(nodes);

        public IReadOnlyCollection<string> Members { get; set; } = ["a", "b"];

        public IReadOnlyCollection<string> Unreachable { get; set; } = [];

        public bool IsOut { get; private set; }

        public List<string> Downed { get; } = [];

        public void Down(string member) => Downed.Add(member);

        public void DownSelf() => IsOut = true;
    }
}
