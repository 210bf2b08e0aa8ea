using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// What is known to be over, or to wait in the record, of jobs that were written so shortly before a checkpoint that it says nothing of them. A build that starts
/// them again would double them, should the queue have forgotten their ids.
/// </summary>
public sealed partial class KnownStarts(IHistory history, IDeadLetterStore deadLetters, TimeProvider time, ILogger<KnownStarts> logger)
{
    /// <summary>Occurrences of a job that are asked about: one a second for as long as a checkpoint is in doubt, and some.</summary>
    private const int MostOfJob = 100;

    /// <summary>What is due waits for a build: a history that hangs does not hold it up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>For each job the instant up to which its occurrences need no start: the given one, or that of the last before the first that nobody knows of.</summary>
    /// <param name="jobs">Jobs, and the instants from which on they are in doubt.</param>
    /// <param name="until">The checkpoint.</param>
    /// <param name="pending">The entry keys of executions that the record keeps: they are armed by themselves.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IReadOnlyList<DateTimeOffset>> AdvanceAsync(IReadOnlyList<(Job Job, DateTimeOffset After)> jobs, DateTimeOffset until, IReadOnlySet<string> pending, CancellationToken cancellation)
    {
        var asked = jobs.Select(j => OccurrencesOf(j.Job, j.After, until).Select(due => DuePlan.ExecutionOf(DueJob.Of(j.Job), j.Job.Version, due, TraceParent.New())).ToList()).ToList();
        var unknown = asked.SelectMany(executions => executions).Where(e => !pending.Contains(e.EntryKey)).ToList();
        var over = unknown.Count > 0 ? await FindAsync(unknown, cancellation) : [];
        return [.. jobs.Zip(asked, (job, executions) => executions.TakeWhile(e => pending.Contains(e.EntryKey) || over.Contains(e.EntryKey)).Select(e => e.ScheduledAt).Append(job.After).Max())];
    }

    private static List<DateTimeOffset> OccurrencesOf(Job job, DateTimeOffset after, DateTimeOffset until)
    {
        var schedule = job.Schedule();
        return [.. schedule.Upcoming(after, MostOfJob).TakeWhile(due => due <= until)];
    }

    /// <summary>Those that ended: well, as not started, or as dead letters that the record has. Of a retry or a dead letter that it has not heard of nobody would go on: it is started again.</summary>
    private async Task<HashSet<string>> FindAsync(List<Execution> executions, CancellationToken cancellation)
    {
        try
        {
            var rows = await history.FindAttemptsAsync(executions, cancellation).WaitAsync(Patience, time, cancellation);
            var over = rows.Where(row => row.Status is ExecutionStatus.Succeeded or ExecutionStatus.Skipped or ExecutionStatus.Missed).Select(EntryKeyOf).ToHashSet();
            foreach (var row in rows.Where(row => row.Status == ExecutionStatus.DeadLettered))
            {
                if (await deadLetters.FindAsync(row.Tenant, row.ExecutionId, cancellation) is not null)
                    over.Add(EntryKeyOf(row));
            }

            return over;
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            LogHistoryAway(executions.Count, away.GetType().Name, away.Message);
            return [];
        }
    }

    private static string EntryKeyOf(HistoryRow row) => $"{row.Tenant}/{row.ExecutionId}";

    [LoggerMessage(EventId = 1117, Level = LogLevel.Warning, Message = "Whether {Count} executions of jobs that were just written are over is not known, they start again: {Kind}: {Reason}")]
    private partial void LogHistoryAway(int count, string kind, string reason);
}
