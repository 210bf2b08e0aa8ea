using System.Globalization;
using System.Text.Json;
using CronCloud.Core.Json;
using FsCheck;
using FsCheck.Xunit;

namespace CronCloud.Core.Tests.Json;

public sealed class InstantTests
{
    /// <summary>Of the years 1 to 9999.</summary>
    private const ulong AllMilliseconds = 315_537_897_600_000;

    [Theory]
    [InlineData("2026-12-01T03:00:00Z", "2026-12-01T03:00:00Z")]
    [InlineData("2026-12-01T03:00:00.120Z", "2026-12-01T03:00:00.120Z")]
    [InlineData("2026-12-01T03:00:00.1239Z", "2026-12-01T03:00:00.123Z")]
    [InlineData("2026-12-01T03:00:00+02:00", "2026-12-01T01:00:00Z")]
    [InlineData("2026-12-01t03:00z", "2026-12-01T03:00:00Z")]
    [InlineData("2028-02-29T23:59:59.999Z", "2028-02-29T23:59:59.999Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z")]
    public void Instants_are_read_with_any_offset_and_written_in_UTC_to_the_millisecond(string read, string written)
    {
        var value = JsonSerializer.Deserialize<DateTimeOffset>(JsonSerializer.Serialize(read), CoreJson.Options);

        Assert.Equal(TimeSpan.Zero, value.Offset);
        Assert.Equal(written, Instants.Format(value));
        Assert.Equal($"\"{written}\"", JsonSerializer.Serialize(value, CoreJson.Options));
    }

    [Theory]
    [InlineData("2026-12-01T03:00:00")]
    [InlineData("2026-12-01")]
    [InlineData("2026-13-01T03:00:00Z")]
    [InlineData("2026-12-01 03:00:00Z")]
    [InlineData("2026-12-01T25:00:00Z")]
    [InlineData("2026-12-01T03:00:00ZZ")]
    [InlineData("2026-12-0T103:00:00Z")]
    [InlineData("")]
    public void What_is_no_instant_with_an_offset_is_refused(string text) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<DateTimeOffset>(JsonSerializer.Serialize(text), CoreJson.Options));

    [Property]
    public bool What_is_written_is_what_the_format_says_and_reads_back(DoNotSize<ulong> number, bool isWhole)
    {
        var value = DateTimeOffset.MinValue.AddMilliseconds(number.Item % AllMilliseconds);
        value = isWhole ? value.AddMilliseconds(-value.Millisecond) : value;
        var text = value.ToString(value.Millisecond == 0 ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        return Instants.Format(value) == text && JsonSerializer.Deserialize<DateTimeOffset>($"\"{text}\"", CoreJson.Options) == value;
    }
}
