using CronCloud.Engine.Due;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Due;

public sealed class DispatchPaceTests
{
    private static readonly DateTimeOffset Second = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Second);
    private readonly DispatchPace _pace;

    public DispatchPaceTests() => _pace = new DispatchPace(_time);

    [Fact]
    public void A_node_with_little_to_do_looks_at_the_instant_itself()
    {
        Dispatch(perSecond: 99);

        Assert.Equal(Second.AddMilliseconds(37), _pace.TickFrom(Second.AddMilliseconds(37)));
    }

    [Theory]
    [InlineData(100, 40)]
    [InlineData(300, 50)]
    [InlineData(3_000, 50)]
    [InlineData(4_000, 100)]
    [InlineData(20_000, 100)]
    public void The_more_it_dispatches_the_coarser_are_the_ticks(int perSecond, int next)
    {
        Dispatch(perSecond);

        Assert.Equal(Second.AddMilliseconds(next), _pace.TickFrom(Second.AddMilliseconds(37)));
    }

    [Fact]
    public void A_whole_second_is_a_tick_and_no_look_comes_before_its_instant()
    {
        Dispatch(perSecond: 5_000);

        Assert.Equal(Second, _pace.TickFrom(Second));
        for (var ms = 0; ms < 1_000; ms++)
            Assert.InRange(_pace.TickFrom(Second.AddMilliseconds(ms)), Second.AddMilliseconds(ms), Second.AddMilliseconds(ms + 99));
    }

    [Fact]
    public void When_the_load_is_over_it_looks_at_the_instant_again()
    {
        Dispatch(perSecond: 5_000);
        Dispatch(perSecond: 1);

        Assert.Equal(Second.AddMilliseconds(37), _pace.TickFrom(Second.AddMilliseconds(37)));
    }

    private void Dispatch(int perSecond)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        _pace.Count(perSecond);
    }
}
