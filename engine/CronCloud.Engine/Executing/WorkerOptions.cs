using System.ComponentModel.DataAnnotations;

namespace CronCloud.Engine.Executing;

/// <summary>How much a worker takes on. Section <c>CronCloud:Worker</c>.</summary>
public sealed class WorkerOptions
{
    /// <summary>Executions held at once, running or waiting for a place at their destination. 1 to 100,000; 4,000 by default.</summary>
    [Range(1, 100_000)]
    public int MaxHeld { get; set; } = 4_000;

    /// <summary>Attempts that run against one destination (host and port, or subject) at once. 1 to 10,000; 256 by default.</summary>
    [Range(1, 10_000)]
    public int MaxPerDestination { get; set; } = 256;
}
