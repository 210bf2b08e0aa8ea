namespace CronCloud.Faults.Checking;

/// <summary>What a run came to.</summary>
public sealed record CheckReport
{
    public required int Expected { get; init; }

    public required int Received { get; init; }

    public int Missed => Expected - Received - Awaited;

    /// <summary>Not there yet, and not later than allowed yet.</summary>
    public required int Awaited { get; init; }

    /// <summary>Deliveries of an attempt that had been delivered before.</summary>
    public required int Duplicates { get; init; }

    /// <summary>Those of them that a declared fault explains.</summary>
    public required int Explained { get; init; }

    public required int Early { get; init; }

    public required int Phantoms { get; init; }

    public required TimeSpan WorstLateness { get; init; }

    public required IReadOnlyList<Violation> Violations { get; init; }

    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"expected {Expected}, received {Received}, missed {Missed}, awaited {Awaited}, duplicates {Duplicates} ({Explained} explained), early {Early}, phantoms {Phantoms}, worst lateness {WorstLateness.TotalMilliseconds:0} ms");
}
