using System.Diagnostics;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>The product's questions about a day, each asked several times.</summary>
internal static class HistoryQueries
{
    private const int Times = 5;

    public static async Task<IReadOnlyList<QueryTimes>> RunAsync(IHistory history, DateTimeOffset day, long executions, int jobs)
    {
        var all = new HistoryQuery { Tenant = HistorySource.Tenant, From = day, To = day.AddDays(1) };
        var example = (await history.ListAsync(all with { To = day.AddHours(13) }, CancellationToken.None)).Items[0].Last;
        (string Name, Func<Task<long>> Ask)[] questions =
        [
            ("newest", () => ListAsync(history, all)),
            ("newest before noon", () => ListAsync(history, all with { To = day.AddHours(12) })),
            ("q rare", () => ListAsync(history, all with { Text = HistorySource.RareText })),
            ("q one id", () => ListAsync(history, all with { Text = HistorySource.Invoice(executions, jobs) })),
            ("q common", () => ListAsync(history, all with { Text = HistorySource.CommonText })),
            ("q of an error", () => ListAsync(history, all with { Text = "certificate expired" })),
            ("q absent", () => ListAsync(history, all with { Text = HistorySource.AbsentText })),
            ("q rare of a job", () => ListAsync(history, all with { Text = HistorySource.RareText, JobId = example.JobId })),
            ("status succeeded", () => ListAsync(history, all with { Status = ExecutionStatus.Succeeded })),
            ("status deadLettered", () => ListAsync(history, all with { Status = ExecutionStatus.DeadLettered })),
            ("status retrying, none", () => ListAsync(history, all with { Status = ExecutionStatus.Retrying })),
            ("status missed, none", () => ListAsync(history, all with { Status = ExecutionStatus.Missed })),
            ("job", () => ListAsync(history, all with { JobId = example.JobId })),
            ("job, deadLettered", () => ListAsync(history, all with { JobId = example.JobId, Status = ExecutionStatus.DeadLettered })),
            ("job, none", () => ListAsync(history, all with { JobId = "no-such-job" })),
            ("execution", async () => (await history.FindAsync(new JobKey(example.Tenant, example.JobId), example.ExecutionId, CancellationToken.None))!.Attempts.Count),
            ("minutes of the tenant", async () => (await history.ReadMinutesAsync(all.Tenant, null, day, day.AddDays(1), CancellationToken.None)).Count),
            ("minutes of a job", async () => (await history.ReadMinutesAsync(all.Tenant, example.JobId, day, day.AddDays(1), CancellationToken.None)).Count),
            ("occurrences of the day", async () => (await history.CountScheduledAsync(all.Tenant, day, day.AddDays(1), CancellationToken.None)).Occurrences),
        ];
        var measured = new List<QueryTimes>();
        foreach (var (name, ask) in questions)
        {
            measured.Add(await MeasureAsync(name, ask));
            Console.WriteLine(measured[^1]);
        }

        return measured;
    }

    private static async Task<QueryTimes> MeasureAsync(string name, Func<Task<long>> ask)
    {
        long found = 0;
        var times = new List<double>();
        for (var i = 0; i < Times; i++)
        {
            var started = Stopwatch.GetTimestamp();
            found = await ask();
            times.Add(Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 1));
        }

        var first = times[0];
        times.Sort();
        return new QueryTimes(name, found, first, times[0], times[Times / 2], times[^1]);
    }

    private static async Task<long> ListAsync(IHistory history, HistoryQuery query) => (await history.ListAsync(query, CancellationToken.None)).Items.Count;
}
