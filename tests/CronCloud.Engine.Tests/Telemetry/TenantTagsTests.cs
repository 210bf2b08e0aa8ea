using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Tests.Telemetry;

public sealed class TenantTagsTests
{
    [Fact]
    public void The_first_tenants_have_a_value_each_and_all_others_share_one()
    {
        var tags = new TenantTags(2);

        Assert.Equal(["a", "b", "other", "a", "other", "b"], new[] { "a", "b", "c", "a", "d", "b" }.Select(tenant => (string?)tags.Of(tenant).Value));
    }

    [Fact]
    public void However_many_come_at_once_there_are_no_more_values_than_the_limit_and_one()
    {
        var tags = new TenantTags(100);

        var values = Enumerable.Range(0, 10_000).AsParallel().Select(i => tags.Of($"tenant-{i % 1_000}").Value).ToHashSet();

        Assert.Equal(101, values.Count);
        Assert.Contains("other", values);
    }
}
