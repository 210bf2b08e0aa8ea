using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>
/// When the client tries again to connect. Its own pauses begin at 2.5 s, half of what a start may be late; these begin short. They grow to as much, since the next try ends the one before it, also where
/// that only needs longer.
/// </summary>
internal sealed class RedisReconnecting : IReconnectRetryPolicy
{
    private const int ShortestMs = 200;
    private const int StepMs = 100;
    private const int LongestMs = 2_500;

    public bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry) =>
        timeElapsedMillisecondsSinceLastRetry >= Math.Min(ShortestMs + (currentRetryCount * StepMs), LongestMs);
}
