namespace CronCloud.LoadSink;

/// <summary>A request as it arrived. A job and a due time name an execution.</summary>
/// <param name="AtUs">Microseconds of the wall clock since 1970.</param>
/// <param name="DueUs">What the request calls its due time, in the same unit; 0 when it does not say.</param>
/// <param name="Job">What follows the script of the answer in the path.</param>
/// <param name="Attempt">What the request calls its attempt; 0 when it does not say.</param>
/// <param name="Status">What it was answered with.</param>
public readonly record struct Arrival(long AtUs, long DueUs, string Job, int Attempt, int Status)
{
    /// <summary>Below zero when it came early.</summary>
    public double LatenessMs => (AtUs - DueUs) / 1_000.0;

    /// <summary>An instant as arrivals have it.</summary>
    public static long Microseconds(DateTimeOffset instant) => (instant - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
