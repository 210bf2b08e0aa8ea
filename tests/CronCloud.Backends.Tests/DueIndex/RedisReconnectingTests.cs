using CronCloud.Backends.DueIndex;

namespace CronCloud.Backends.Tests.DueIndex;

public sealed class RedisReconnectingTests
{
    [Theory]
    [InlineData(0, 199, false)]
    [InlineData(0, 200, true)]
    [InlineData(5, 699, false)]
    [InlineData(5, 700, true)]
    [InlineData(1_000, 2_499, false)]
    [InlineData(long.MaxValue / 1_000, 2_500, true)]
    public void It_tries_again_soon_and_leaves_each_try_more_time_than_the_one_before(long tries, int elapsed, bool tryAgain) =>
        Assert.Equal(tryAgain, new RedisReconnecting().ShouldRetry(tries, elapsed));
}
