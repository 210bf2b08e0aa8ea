using CronCloud.Backends.History;

namespace CronCloud.Backends.Tests.History;

public sealed class ClickHouseMinutesTests
{
    private static readonly DateTimeOffset Hour = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(new[] { 0.0 }, new[] { 0, 1 })]
    [InlineData(new[] { 59.999, 0.5, 30 }, new[] { 0, 1 })]
    [InlineData(new[] { 130.0, 60, 0 }, new[] { 0, 3 })]
    [InlineData(new[] { 600.0, 0, 61, 659 }, new[] { 0, 2, 10, 11 })]
    public void Instants_touch_whole_minutes_and_neighbours_are_one_span(double[] seconds, int[] minutes)
    {
        var spans = ClickHouseMinutes.Spans(seconds.Select(s => Hour.AddSeconds(s)));

        Assert.Equal(minutes.Chunk(2).Select(m => (Hour.AddMinutes(m[0]), Hour.AddMinutes(m[1]))), spans);
    }
}
