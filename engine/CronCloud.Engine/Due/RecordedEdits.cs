using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// What the record tells of edits that the index does not know. Who was told of one must not see the job run as it was before. While the record is
/// away nothing is known, and what is due is not held up for it.
/// </summary>
public sealed partial class RecordedEdits(IDueIndex index, IJobStore jobs, TimeProvider time, ILogger<RecordedEdits> logger)
{
    private const int MostTogether = 100;

    /// <summary>How long what is due may be held up by a record that does not answer, and for how long it is not asked again then.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private static readonly IReadOnlyDictionary<JobKey, JobStamp> NoStamps = new Dictionary<JobKey, JobStamp>();

    /// <summary>After a loss of the index all partitions ask: what they ask while the record answers goes together.</summary>
    private readonly Gathering<List<JobKey>, IReadOnlyDictionary<JobKey, JobStamp>> _stamps = new((asked, _) => StampAsync(jobs, time, asked), MostTogether);
    private readonly Breaker _record = new(Pause, time);

    /// <summary>State and version of jobs; none while the record is away.</summary>
    public async Task<IReadOnlyDictionary<JobKey, JobStamp>> StampAsync(List<JobKey> keys, CancellationToken cancellation)
    {
        if (keys.Count == 0 || _record.IsOpen)
            return NoStamps;
        try
        {
            return await _stamps.AddAsync(keys, CancellationToken.None).WaitAsync(Patience, time, cancellation);
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            _record.Open();
            LogRecordAway(away.GetType().Name, away.Message);
            return NoStamps;
        }
    }

    /// <summary>
    /// What is due by an index that may be an older copy, without what is due by versions of jobs that the record has replaced since. Of jobs
    /// that were stopped by the next version they are replaced here, and what they were due before is left over; the others wait for the build, which asks what ran since, and when each version ended.
    /// </summary>
    public async Task<IReadOnlyList<DueEntry>> WithoutReplacedAsync(int partition, IReadOnlyList<DueEntry> entries, CancellationToken cancellation)
    {
        var versions = entries.Where(entry => !entry.IsTombstone).Select(entry => (Job: EntryKeys.JobOf(entry.Key), entry.Key, entry.Version)).Where(entry => entry.Job is not null).ToList();
        var stamps = await StampAsync(versions.ConvertAll(entry => entry.Job!.Value), cancellation);
        var replaced = versions.Where(entry => stamps.GetValueOrDefault(entry.Job!.Value)?.Version > entry.Version).Select(entry => entry.Key).ToHashSet();
        if (replaced.Count == 0)
            return entries;
        var isOver = versions.Where(entry => replaced.Contains(entry.Key) && stamps[entry.Job!.Value] is { State: not JobState.Active } stamp && stamp.Version == entry.Version + 1);
        await EndAsync(partition, isOver.ToDictionary(entry => entry.Job!.Value, entry => entry.Version + 1), cancellation);
        return [.. entries.Where(entry => !replaced.Contains(entry.Key))];
    }

    /// <summary>All who ask get the same answer: it tells of everything that was asked.</summary>
    private static async Task<IReadOnlyList<IReadOnlyDictionary<JobKey, JobStamp>>> StampAsync(IJobStore jobs, TimeProvider time, IReadOnlyList<List<JobKey>> asked)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        var stamps = await jobs.StampAsync([.. asked.SelectMany(keys => keys)], patience.Token).WaitAsync(patience.Token);
        return [.. asked.Select(_ => stamps)];
    }

    /// <param name="partition">Whose jobs they are.</param>
    /// <param name="jobsOver">By which version each was stopped.</param>
    /// <param name="cancellation">Ends it.</param>
    private async Task EndAsync(int partition, Dictionary<JobKey, long> jobsOver, CancellationToken cancellation)
    {
        if (jobsOver.Count == 0 || _record.IsOpen)
            return;
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            var rows = await jobs.FindAsync(jobsOver.Keys, either.Token).WaitAsync(either.Token);
            var found = rows.Values.Select(read => read()).Where(job => job.Version == jobsOver[job.Key]).ToList();
            await index.ArmAsync(partition, found.ConvertAll(job => DueItem.EntryOf(job, job.UpdatedAt, time.GetUtcNow()) with { Since = job.UpdatedAt }), cancellation);
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            if (patience.IsCancellationRequested)
                _record.Open();
            LogNotEnded(jobsOver.Count, failed.GetType().Name, failed.Message);
        }
    }

    [LoggerMessage(EventId = 1103, Level = LogLevel.Warning, Message = "Whether jobs were deleted or edited is not known, what they are due starts: {Kind}: {Reason}")]
    private partial void LogRecordAway(string kind, string reason);

    [LoggerMessage(EventId = 1119, Level = LogLevel.Warning, Message = "{Count} jobs that an older copy of the index still runs could not be ended and wait for its build: {Kind}: {Reason}")]
    private partial void LogNotEnded(int count, string kind, string reason);
}
