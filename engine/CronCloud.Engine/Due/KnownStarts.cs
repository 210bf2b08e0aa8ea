using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// What history knows to be over of jobs that were written so shortly before a checkpoint that it says nothing of them. A build that starts them again would
/// double them, should the queue have forgotten their ids.
/// </summary>
public sealed partial class KnownStarts(IHistory history, TimeProvider time, ILogger<KnownStarts> logger)
{
    /// <summary>Occurrences of a job that are asked about: one a second for as long as a checkpoint is in doubt, and some.</summary>
    private const int MostOfJob = 100;

    /// <summary>What is due waits for a build: a history that hangs does not hold it up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>For each job the instant up to which all its occurrences are over: the given one, or that of the last before the first that history does not know.</summary>
    public async Task<IReadOnlyList<DateTimeOffset>> AdvanceAsync(IReadOnlyList<(Job Job, DateTimeOffset After)> jobs, DateTimeOffset until, CancellationToken cancellation)
    {
        var asked = jobs.Select(j => (j.Job, Occurrences: OccurrencesOf(j.Job, j.After, until))).ToList();
        var executions = asked.SelectMany(a => a.Occurrences.Select(due => DuePlan.ExecutionOf(DueJob.Of(a.Job), a.Job.Version, due, TraceParent.New()))).ToList();
        if (executions.Count == 0)
            return [.. jobs.Select(j => j.After)];
        var over = await FindAsync(executions, cancellation);
        return [.. jobs.Zip(asked, (job, of) => of.Occurrences.TakeWhile(due => over.Contains($"{job.Job.Key.Tenant}/{ExecutionId.Of(job.Job.Key.Id, due)}")).Append(job.After).Max())];
    }

    private static List<DateTimeOffset> OccurrencesOf(Job job, DateTimeOffset after, DateTimeOffset until)
    {
        var schedule = job.Schedule();
        return [.. schedule.Upcoming(after, MostOfJob).TakeWhile(due => due <= until)];
    }

    /// <summary>Those that ended well, or were told as not started. Of a retry or a dead letter the record may not have heard: it is started again.</summary>
    private async Task<HashSet<string>> FindAsync(List<Execution> executions, CancellationToken cancellation)
    {
        try
        {
            var rows = await history.FindAttemptsAsync(executions, cancellation).WaitAsync(Patience, time, cancellation);
            return [.. rows.Where(row => row.Status is ExecutionStatus.Succeeded or ExecutionStatus.Skipped or ExecutionStatus.Missed).Select(row => $"{row.Tenant}/{row.ExecutionId}")];
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            LogHistoryAway(executions.Count, away.GetType().Name, away.Message);
            return [];
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether {Count} executions of jobs that were just written are over is not known, they start again: {Kind}: {Reason}")]
    private partial void LogHistoryAway(int count, string kind, string reason);
}
