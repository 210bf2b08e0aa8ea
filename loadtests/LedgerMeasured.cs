namespace CronCloud.LoadTests;

/// <summary>What closing one hour of one tenant's ledger took, and what it found.</summary>
internal sealed record LedgerMeasured
{
    public required int Jobs { get; init; }

    /// <summary>Half of the jobs are due every hour by an interval, half by cron.</summary>
    public required long Expected { get; init; }

    /// <summary>One row was left out.</summary>
    public required long Missing { get; init; }

    /// <summary>One row was made up.</summary>
    public required long Unexpected { get; init; }

    /// <summary>The jobs that the ledger names.</summary>
    public required IReadOnlyList<string> Named { get; init; }

    public required int Steps { get; init; }

    public required double Seconds { get; init; }

    public required double JobsPerSecond { get; init; }

    public required double LongestStepMs { get; init; }

    /// <summary>Of that, what the process that reckons computed; the servers compute beside it.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>Counting what became of the hour's executions.</summary>
    public required double CountMs { get; init; }

    public required long PeakMemoryMb { get; init; }
}
