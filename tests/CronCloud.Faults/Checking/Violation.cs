namespace CronCloud.Faults.Checking;

/// <summary>An invariant that does not hold, and where.</summary>
public sealed record Violation(string Invariant, string Job, DateTimeOffset? Due, string What)
{
    public override string ToString() => $"{Invariant} {Job}{(Due is { } due ? $" due {due:HH:mm:ss.fff}" : "")}: {What}";
}
