using CronCloud.Core.Schedules;
using FsCheck.Xunit;

namespace CronCloud.Core.Tests.Schedules;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("45s", 45_000)]
    [InlineData("15m", 900_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("2d", 172_800_000)]
    [InlineData("1w", 604_800_000)]
    [InlineData("500ms", 500)]
    [InlineData("0s", 0)]
    [InlineData("PT15M", 900_000)]
    [InlineData("P1DT2H", 93_600_000)]
    [InlineData("PT0.5S", 500)]
    public void A_duration_is_read(string text, long ms)
    {
        Assert.True(Durations.TryParse(text, out var value));
        Assert.Equal(ms, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5S")]
    [InlineData("5s5s")]
    [InlineData("5s1m")]
    [InlineData("1.5h")]
    [InlineData("99999999999999999999d")]
    [InlineData("9999999999999d")]
    [InlineData("P1Y")]
    [InlineData("P1M")]
    [InlineData("-PT5S")]
    [InlineData("PT")]
    [InlineData("٣s")]
    public void Anything_else_is_refused(string text) => Assert.False(Durations.TryParse(text, out _));

    [Property(MaxTest = 500)]
    public void What_is_written_reads_back(uint ms)
    {
        var value = TimeSpan.FromMilliseconds(ms);

        Assert.True(Durations.TryParse(Durations.Format(value), out var read));
        Assert.Equal(value, read);
    }
}
