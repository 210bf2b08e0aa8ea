namespace CronCloud.Engine.Outcomes;

/// <summary>A part went away while many dead letters were redriven: some were, and stay so; the others are there still.</summary>
public sealed class RedriveCutShortException(int redriven, Exception reason) : Exception(reason.Message, reason)
{
    /// <summary>How many were, at least.</summary>
    public int Redriven { get; } = redriven;
}
