namespace CronCloud.Core.Alerts;

/// <summary>
/// How many messages a channel may have now: five at once, then one a minute. One instant says it all (the generic cell rate algorithm): when the channel will have
/// its whole burst again.
/// </summary>
public static class Allowance
{
    public const int Burst = 5;

    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>0 to <see cref="Burst"/>.</summary>
    public static int At(DateTimeOffset now, DateTimeOffset? fullAt) =>
        fullAt is { } full && full > now ? Math.Max(0, Burst - (int)Math.Ceiling((full - now) / Interval)) : Burst;

    /// <summary>From when a channel that may have no message now may have one.</summary>
    public static DateTimeOffset NextAt(DateTimeOffset fullAt) => fullAt - ((Burst - 1) * Interval);

    /// <summary>The instant after so many messages were sent.</summary>
    public static DateTimeOffset After(DateTimeOffset now, DateTimeOffset? fullAt, int messages) => (fullAt > now ? fullAt.Value : now) + (messages * Interval);

    /// <summary>A channel that will have its whole burst after this instant, and not sooner, may have none now.</summary>
    public static DateTimeOffset NoneAfter(DateTimeOffset now) => now + ((Burst - 1) * Interval);
}
