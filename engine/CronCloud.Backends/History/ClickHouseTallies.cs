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

    public const string WorstLateness = "maxIf(first_lateness, made > 0)";

    public const string LongestDuration = "max(arrayMax(arrayPushBack(durations, 0)))";

    /// <summary>The median and the 99th percentile of first attempts, by nearest rank.</summary>
    /// <param name="kind"><c>Array</c> for the values, <c>ArrayState</c> for a state that can be merged with others.</param>
    public static string Lateness(string kind) => $"quantilesExactWeighted{kind}(0.5, 0.99)(if(made > 0, [first_lateness], []), if(made > 0, [1], [])::Array(UInt8))";

    /// <summary>The same of all attempts that were made.</summary>
    public static string Duration(string kind) => $"quantilesExactWeighted{kind}(0.5, 0.99)(durations, arrayResize([]::Array(UInt8), length(durations), 1))";

    /// <summary>An execution per row, of attempts that are there once.</summary>
    /// <param name="attempts">A subquery or table with the attempts.</param>
    public static string Executions(string attempts) =>
        $"""
        SELECT tenant, job_id, scheduled_at, execution_id,
          argMax(status, attempt) AS last,
          maxIf(status, attempt = 0) AS range_status, greatest(maxIf(occurrences, attempt = 0), 1) - 1 AS rest,
          countIf(result <= 3) AS made, countIf(result BETWEEN 1 AND 3) AS failed,
          argMinIf(toUnixTimestamp64Milli(started_at) - toUnixTimestamp64Milli(scheduled_at), attempt, result <= 3) AS first_lateness,
          groupArrayIf(toInt64(duration_ms), result <= 3) AS durations
        FROM {attempts}
        GROUP BY tenant, scheduled_at, execution_id, job_id
        """;
}
