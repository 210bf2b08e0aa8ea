using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

public sealed class OccurrencesTests
{
    private static readonly DateTimeOffset Anchor = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Plan Every3 = new Plan.Every(TimeSpan.FromSeconds(3), Anchor);

    [Theory]
    [InlineData(-10, 6, "0 3 6")]
    [InlineData(0.001, 6, "3 6")]
    [InlineData(1_000_000, 1_000_005, "1000002 1000005")]
    [InlineData(4, 5, "")]
    public void An_interval_counts_from_its_anchor(double from, double until, string seconds) =>
        Assert.Equal(seconds, string.Join(' ', Occurrences.Between(Every3, Anchor.AddSeconds(from), Anchor.AddSeconds(until)).Select(d => (d - Anchor).TotalSeconds)));

    [Fact]
    public void An_interval_ends_with_its_last_instant()
    {
        var plan = new Plan.Every(TimeSpan.FromSeconds(3), Anchor, Anchor.AddSeconds(6));

        Assert.Equal(3, Occurrences.Between(plan, Anchor, Anchor.AddSeconds(60)).Count());
    }

    [Fact]
    public void An_instant_is_due_once()
    {
        var plan = new Plan.Once(Anchor);

        Assert.Equal([Anchor], Occurrences.Between(plan, Anchor, Anchor));
        Assert.False(Occurrences.Names(plan, Anchor.AddSeconds(1)));
    }
}
