using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Simulation.Checking;

/// <summary>What the product told as skipped or missed: rows of history, and what NATS lost on the way there.</summary>
internal sealed class Drops
{
    private readonly ILookup<JobKey, HistoryRow> _byJob;
    private readonly Dictionary<(string Execution, int Attempt), HistoryRow> _byAttempt;

    public Drops(IEnumerable<HistoryRow> rows)
    {
        All = [.. rows.Where(r => r.Result is AttemptResult.Skipped or AttemptResult.Missed).DistinctBy(r => (KeyOf(r), r.Attempt))];
        _byJob = All.Where(r => r.Attempt == 0).ToLookup(r => new JobKey(r.Tenant, r.JobId));
        _byAttempt = All.ToDictionary(r => (KeyOf(r), Math.Max(1, r.Attempt)));
    }

    public IReadOnlyList<HistoryRow> All { get; }

    public static string KeyOf(HistoryRow row) => $"{row.Tenant}/{row.ExecutionId}";

    /// <summary>The drop of an execution in place of that attempt.</summary>
    public HistoryRow? Of(string execution, int attempt) => _byAttempt.GetValueOrDefault((execution, attempt));

    /// <summary>Whether a drop tells of the occurrence, by itself or in a range.</summary>
    public bool Has(JobKey job, DateTimeOffset occurrence) => _byJob[job].Any(r => r.ScheduledAt <= occurrence && occurrence <= (r.LastDue ?? r.ScheduledAt));
}
