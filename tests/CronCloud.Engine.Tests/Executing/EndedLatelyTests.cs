using CronCloud.Engine.Executing;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Executing;

public sealed class EndedLatelyTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void What_ended_is_remembered_for_its_time_whenever_it_ended()
    {
        var ended = new EndedLately(_time);
        for (var second = 0; second < 35; second++)
        {
            ended.Add($"{second}");
            _time.Advance(TimeSpan.FromSeconds(1));
            for (var age = 0; age <= Math.Min(second, 9); age++)
                Assert.True(ended.Contains($"{second - age}"));
        }
    }

    [Fact]
    public void It_is_forgotten_after_twice_that_at_the_latest()
    {
        var ended = new EndedLately(_time);
        ended.Add("a");
        _time.Advance(EndedLately.Remembered);
        ended.Add("b");
        _time.Advance(EndedLately.Remembered);

        Assert.False(ended.Contains("a"));
        Assert.True(ended.Contains("b"));
        _time.Advance(2 * EndedLately.Remembered);
        Assert.False(ended.Contains("b"));
    }
}
