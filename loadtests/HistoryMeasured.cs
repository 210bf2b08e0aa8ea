namespace CronCloud.LoadTests;

/// <summary>What a day of attempts costs in ClickHouse, and how fast the product writes and finds them.</summary>
internal sealed record HistoryMeasured
{
    public required long Rows { get; init; }

    public required long Executions { get; init; }

    /// <summary>Of the rows that the server made by itself.</summary>
    public required double MadeRowsPerSecond { get; init; }

    /// <summary>On disk, with indexes and projections.</summary>
    public required double BytesPerRow { get; init; }

    /// <summary>Of thirty days of fifty million rows each.</summary>
    public required double GigabytesOfThirtyDays { get; init; }

    public required int Parts { get; init; }

    /// <summary>Bytes per row of each column, of the indexes and of the projections, the largest first.</summary>
    public required IReadOnlyList<PartBytes> Bytes { get; init; }

    public required IReadOnlyList<QueryTimes> Queries { get; init; }

    /// <summary>By batches of five thousand, their minutes being counted beside.</summary>
    public required double WrittenRowsPerSecond { get; init; }

    public required long WrittenRows { get; init; }

    public required double WorstWriteMs { get; init; }

    public required long ServerPeakMemoryMb { get; init; }
}

internal sealed record PartBytes(string Name, double PerRow);

/// <param name="Found">How many executions, minutes or occurrences the answer had.</param>
/// <param name="FirstMs">Of the first run, when the server had not read what it needs.</param>
internal sealed record QueryTimes(string Query, long Found, double FirstMs, double MinMs, double MedianMs, double MaxMs);
