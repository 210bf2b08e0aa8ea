using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>
/// The occurrences of schedules, counted from the attempts themselves and not from what was counted before, since they are held against what the schedules say. An hour of due times at a
/// time, so that a day of fifty million needs no more memory than an hour of them.
/// </summary>
internal static class ClickHouseCounts
{
    private static readonly TimeSpan Slice = TimeSpan.FromHours(1);

    public static async Task<HistoryCounts> ReadAsync(ClickHouseReads reads, string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var counts = new HistoryCounts();
        var byLateness = new SortedDictionary<long, long>();
        for (var first = from; first < to; first += Slice)
        {
            var end = first + Slice < to ? first + Slice : to;
            foreach (var (lateness, some) in await SliceAsync(reads, tenant, first, end, cancellation))
            {
                byLateness[lateness] = byLateness.GetValueOrDefault(lateness) + some.Started;
                counts = counts with
                {
                    Occurrences = counts.Occurrences + some.Occurrences,
                    Started = counts.Started + some.Started,
                    Succeeded = counts.Succeeded + some.Succeeded,
                    DeadLettered = counts.DeadLettered + some.DeadLettered,
                    Skipped = counts.Skipped + some.Skipped,
                    Missed = counts.Missed + some.Missed,
                };
            }
        }

        return counts with { WorstLatenessMs = NearestRank(byLateness, counts.Started, 1), P99LatenessMs = NearestRank(byLateness, counts.Started, 0.99) };
    }

    /// <summary>By the lateness of the first attempt, how many executions.</summary>
    private static Task<List<(long LatenessMs, HistoryCounts Counts)>> SliceAsync(ClickHouseReads reads, string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("tenant", tenant);
        var attempts =
            $$"""
            {{ClickHouseSchema.Attempts}} FINAL
            WHERE tenant = {tenant:String} AND scheduled_at >= {{ClickHouseReads.Instant(from)}} AND scheduled_at < {{ClickHouseReads.Instant(to)}}
              AND (trigger = 0 OR (trigger = 4 AND endsWith(execution_id, 'Z')))
            """;
        return reads.ReadAsync(
            $"SELECT first_lateness, {ClickHouseTallies.Counts} FROM ({ClickHouseTallies.Executions(attempts, key: "")}) GROUP BY first_lateness",
            parameters,
            reader => (reader.Number("first_lateness"), new HistoryCounts
            {
                Occurrences = reader.Number("occurrences"),
                Started = reader.Number("started"),
                Succeeded = reader.Number("succeeded"),
                DeadLettered = reader.Number("dead_lettered"),
                Skipped = reader.Number("skipped"),
                Missed = reader.Number("missed"),
            }),
            cancellation);
    }

    private static long NearestRank(SortedDictionary<long, long> weights, long total, double share)
    {
        var rank = (long)Math.Ceiling(total * share);
        foreach (var (value, weight) in weights)
        {
            rank -= weight;
            if (rank <= 0 && weight > 0)
                return value;
        }

        return 0;
    }
}
