namespace CronCloud.Faults.Evidence;

/// <summary>A fault that a test declares: from when to when, how much later than five seconds a start may be for it, and whether it may repeat attempts.</summary>
public sealed record FaultWindow(string Fault, DateTimeOffset From, DateTimeOffset To, TimeSpan Bound, bool MayRepeat)
{
    /// <summary>What is due so shortly before a fault may still be on its way, and so shortly after it comes behind what waited.</summary>
    private static readonly TimeSpan Edge = TimeSpan.FromSeconds(1);

    /// <summary>What waited for the end of a fault starts within this time after it.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(5);

    /// <summary>An attempt that a dead worker held is delivered again within this time.</summary>
    private static readonly TimeSpan Redelivery = TimeSpan.FromSeconds(15);

    /// <summary>Whether attempts may fail before they come to their target.</summary>
    public bool KeepsFromTarget { get; init; }

    /// <summary>How far back it took something away that servers had kept: what ran since may run again, and is no reason for anything else.</summary>
    public TimeSpan Lost { get; init; }

    public bool Delays(DateTimeOffset due) => due >= From - Edge && due <= To + Edge;

    /// <summary>Whether attempts before this one may have failed for the fault, with nothing for the target to see.</summary>
    public bool Hides(DateTimeOffset due, Delivery later) => KeepsFromTarget && due <= To + Edge && later.At >= From - Edge;

    /// <summary>Whether the fault may have kept the answer from its caller.</summary>
    public bool Touches(Delivery delivery) => Touches(delivery, TimeSpan.Zero);

    /// <summary>Whether the first delivery was without a recorded outcome when the fault came, and the repeated one follows from that.</summary>
    public bool Explains(Delivery first, Delivery repeated) =>
        Touches(first, Lost) && repeated.At <= To + Redelivery + Bound;

    private bool Touches(Delivery delivery, TimeSpan before) => MayRepeat && delivery.At <= To + Recovery && (delivery.EndedAt is null || delivery.EndedAt >= From - Edge - before);
}
