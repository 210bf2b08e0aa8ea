namespace CronCloud.Simulation.Twins;

/// <summary>What is stored is stored to the millisecond.</summary>
internal static class Milliseconds
{
    public static DateTimeOffset Floor(DateTimeOffset instant) => DateTimeOffset.FromUnixTimeMilliseconds(instant.ToUnixTimeMilliseconds());
}
