namespace CronCloud.Backends.History;

/// <summary>
/// Attempts counted by execution, as <c>ExecutionTally</c> in the core does it: each execution once and by its last attempt, a range with all its occurrences.
/// </summary>
internal static class ClickHouseTallies
{
    /// <summary>What follows from the executions of a group: the columns of counts.</summary>
    public const string Counts =
        """
        count() + sum(rest) AS occurrences, countIf(made > 0) AS started,
        countIf(last = 2) AS succeeded, countIf(last = 1) AS retrying, countIf(last = 3) AS dead_lettered,
        countIf(last = 4) + sumIf(rest, range_status = 4) AS skipped, countIf(last = 5) + sumIf(rest, range_status = 5) AS missed,
        sum(made) AS attempts, sum(failed) AS failed_attempts
        """;

    /// <summary>And the columns of times: percentiles by nearest rank.</summary>
    public static readonly string Times =
        $"""
        {Lateness("Array")}[1] AS lateness_p50_ms, {Lateness("Array")}[2] AS lateness_p99_ms, maxIf(first_lateness, made > 0) AS lateness_max_ms,
        {Duration("Array")}[1] AS duration_p50_ms, {Duration("Array")}[2] AS duration_p99_ms, max(arrayMax(arrayPushBack(durations, 0))) AS duration_max_ms
        """;

    /// <summary>The median and the 99th percentile as states, to be merged with those of other groups.</summary>
    public static readonly string States = $"{Lateness("ArrayState")} AS lateness, {Duration("ArrayState")} AS duration";

    /// <summary>An execution per row, of attempts that are there once.</summary>
    /// <param name="attempts">A table with the attempts, and a condition.</param>
    /// <param name="key">What the group goes by besides the execution, whose id names its job and due time.</param>
    public static string Executions(string attempts, string key = "tenant, job_id, scheduled_at, ") =>
        $"""
        SELECT {key}execution_id,
          argMax(status, attempt) AS last,
          maxIf(status, attempt = 0) AS range_status, greatest(maxIf(occurrences, attempt = 0), 1) - 1 AS rest,
          countIf(result <= 3) AS made, countIf(result BETWEEN 1 AND 3) AS failed,
          argMinIf(toUnixTimestamp64Milli(started_at) - toUnixTimestamp64Milli(scheduled_at), attempt, result <= 3) AS first_lateness,
          groupArrayIf(toInt64(duration_ms), result <= 3) AS durations
        FROM {attempts}
        GROUP BY {key}execution_id
        """;

    /// <summary>Of first attempts.</summary>
    private static string Lateness(string kind) => $"quantilesExactWeighted{kind}(0.5, 0.99)(if(made > 0, [first_lateness], []), if(made > 0, [1], [])::Array(UInt8))";

    /// <summary>Of every attempt that was made.</summary>
    private static string Duration(string kind) => $"quantilesExactWeighted{kind}(0.5, 0.99)(durations, arrayResize([]::Array(UInt8), length(durations), 1))";
}
