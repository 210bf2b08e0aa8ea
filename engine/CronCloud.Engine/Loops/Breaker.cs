namespace CronCloud.Engine.Loops;

/// <summary>A circuit breaker: who did not answer is not asked again for a while, so that nobody waits for it each time.</summary>
/// <param name="pause">For how long it is not asked.</param>
/// <param name="time">The clock.</param>
internal sealed class Breaker(TimeSpan pause, TimeProvider time)
{
    private long _openUntil;

    /// <summary>Whether it is not to be asked now.</summary>
    public bool IsOpen => time.GetUtcNow().Ticks < Interlocked.Read(ref _openUntil);

    /// <summary>It did not answer.</summary>
    public void Open() => Interlocked.Exchange(ref _openUntil, (time.GetUtcNow() + pause).Ticks);
}
