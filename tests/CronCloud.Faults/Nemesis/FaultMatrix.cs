namespace CronCloud.Faults.Nemesis;

/// <summary>Every fault that a storm may bring.</summary>
public static class FaultMatrix
{
    public static IReadOnlyList<Fault> All { get; } = [.. NodeFaults.All, .. ServerFaults.All, .. RedisFaults.All, .. ClockFaults.All, .. MessageFaults.All];
}
