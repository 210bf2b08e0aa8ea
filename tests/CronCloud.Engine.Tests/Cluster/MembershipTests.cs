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

    private async Task RunForAsync(TimeSpan span, params Membership[] others)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += Step)
        {
            foreach (var membership in others.Append(_membership))
                await membership.RunOnceAsync(CancellationToken.None);
            _time.Advance(Step);
        }
    }

    private Membership Of(View view) => new(view, _roster, _time, NullLogger<Membership>.Instance);

    private sealed class View(string self) : IClusterView
    {
        public string Self => self;

        public bool IsUp => true;

        public IReadOnlyList<string> Unreachable { get; set; } = [];

        public List<string> Downed { get; } = [];

        public void Down(string member) => Downed.Add(member);
    }
}
