using CronCloud.Backends.History;
using CronCloud.Core.History;

namespace CronCloud.Backends.Tests.History;

public sealed class HistoryWindowsTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, null, 6)]
    [InlineData(-60, null, 1)]
    [InlineData(-300, null, 1)]
    [InlineData(-301, null, 2)]
    [InlineData(-2_592_000, null, 6)]
    [InlineData(null, -86_400, 6)]
    [InlineData(-90_000, -86_400, 2)]
    [InlineData(null, 1_000_000_000, 6)]
    [InlineData(-60, -3_600, 1)]
    public void Windows_follow_one_another_without_a_gap_from_the_end_to_the_beginning(int? from, int? to, int count)
    {
        var query = new HistoryQuery { Tenant = "t", From = At(from), To = At(to) };

        var windows = HistoryWindows.Of(query, Now).ToList();

        Assert.Equal(count, windows.Count);
        Assert.Equal((query.To, query.From), (windows[0].To, windows[^1].From));
        Assert.All(windows.Zip(windows.Skip(1)), pair => Assert.Equal(pair.First.From, pair.Second.To));
    }

    [Theory]
    [InlineData(null, 3)]
    [InlineData(-60, 1)]
    [InlineData(-86_401, 2)]
    [InlineData(-2_592_000, 3)]
    public void Windows_of_a_job_are_fewer(int? from, int count)
    {
        var windows = HistoryWindows.Of(new HistoryQuery { Tenant = "t", JobId = "a", From = At(from) }, Now).ToList();

        Assert.Equal(count, windows.Count);
        Assert.Equal((null, At(from)), (windows[0].To, windows[^1].From));
        Assert.All(windows.Zip(windows.Skip(1)), pair => Assert.Equal(pair.First.From, pair.Second.To));
    }

    [Fact]
    public void Windows_behind_a_cursor_begin_with_its_own_due_time()
    {
        var query = new HistoryQuery { Tenant = "t", After = new HistoryCursor(Now.AddDays(-3), "a") };

        Assert.Equal(Now.AddDays(-3).AddMilliseconds(1), HistoryWindows.Of(query, Now).First().To);
        Assert.Equal(Now.AddDays(-4), HistoryWindows.Of(query with { To = Now.AddDays(-4) }, Now).First().To);
    }

    private static DateTimeOffset? At(int? seconds) => seconds is { } s ? Now.AddSeconds(s) : null;
}
