using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// What is known to be over, or to wait in the record, of jobs that were written so shortly before a checkpoint that it says nothing of them. A build that starts
/// them again would double them, should the queue have forgotten their ids. After a loss all partitions ask: what they ask while history answers goes together.
/// </summary>
public sealed partial class KnownStarts
{
    /// <summary>Occurrences of a job that are asked about: one a second for three minutes.</summary>
    private const int MostOfJob = 200;

    /// <summary>Executions that are asked about in one query.</summary>
    private const int AtOnce = 1_000;

    private const int MostQuestionsTogether = 100;

    /// <summary>
    /// For all that is asked together. Nothing waits for it but what is in doubt, which would run twice without an answer. Who does not answer is not waited for any longer, and not asked again
    /// for a while. With those who asked before, a step of a build takes twice as long, and may take 30 s.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly IHistory _history;
    private readonly IDeadLetterStore _deadLetters;
    private readonly TimeProvider _time;
    private readonly ILogger<KnownStarts> _logger;
    private readonly Gathering<List<Execution>, Over> _questions;
    private readonly Breaker _away;

    public KnownStarts(IHistory history, IDeadLetterStore deadLetters, TimeProvider time, ILogger<KnownStarts> logger)
    {
        (_history, _deadLetters, _time, _logger) = (history, deadLetters, time, logger);
        _away = new Breaker(Pause, time);
        _questions = new Gathering<List<Execution>, Over>(AnswerAsync, MostQuestionsTogether);
    }

    /// <summary>Whether a job was due after the instant and up to the checkpoint.</summary>
    public static bool IsInDoubt(Job job, DateTimeOffset after, DateTimeOffset? checkpoint) => after < checkpoint && job.Schedule().Next(after) <= checkpoint;

    /// <summary>For each job the instant up to which its occurrences need no start: the given one, or that of the last before the first that nobody knows of.</summary>
    /// <param name="jobs">Jobs, and the instants from which on they are in doubt.</param>
    /// <param name="until">The last instant that is in doubt.</param>
    /// <param name="pending">The entry keys of executions that the record keeps: they are armed by themselves.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IReadOnlyList<DateTimeOffset>> AdvanceAsync(IReadOnlyList<(Job Job, DateTimeOffset After)> jobs, DateTimeOffset until, IReadOnlySet<string> pending, CancellationToken cancellation)
    {
        var asked = jobs.Select(j => OccurrencesOf(j.Job, j.After, until).Select(due => DuePlan.ExecutionOf(DueJob.Of(j.Job), j.Job.Version, due, TraceParent.New())).ToList()).ToList();
        var unknown = asked.SelectMany(executions => executions).Where(e => !pending.Contains(e.EntryKey)).ToList();
        var over = unknown.Count == 0 ? Over.Nothing : await _questions.AddAsync(unknown, CancellationToken.None).WaitAsync(cancellation);
        return [.. jobs.Zip(asked, (job, executions) => executions.TakeWhile(e => pending.Contains(e.EntryKey) || over.Contains(e)).Select(e => e.ScheduledAt).Append(job.After).Max())];
    }

    private static List<DateTimeOffset> OccurrencesOf(Job job, DateTimeOffset after, DateTimeOffset until)
    {
        var schedule = job.Schedule();
        return [.. schedule.Upcoming(after, MostOfJob).TakeWhile(due => due <= until)];
    }

    /// <summary>All who ask get the same answer: it tells of everything that was asked. A partition that is given away ends its own waiting, not the others'.</summary>
    private async Task<IReadOnlyList<Over>> AnswerAsync(IReadOnlyList<List<Execution>> questions, CancellationToken cancellation)
    {
        var over = await FindAsync([.. questions.SelectMany(question => question)]);
        return [.. questions.Select(_ => over)];
    }

    /// <summary>Those that ended: well, as not started, or as dead letters that the record has. Of a retry or a dead letter that it has not heard of nobody would go on: it is started again.</summary>
    private async Task<Over> FindAsync(List<Execution> executions)
    {
        var over = new Over();
        if (_away.IsOpen)
            return over;
        try
        {
            using var patience = new CancellationTokenSource(Patience, _time);
            foreach (var part in executions.Chunk(AtOnce))
                await over.AddAsync(await _history.FindAttemptsAsync(part, patience.Token).WaitAsync(patience.Token), row => IsKeptAsync(row, patience.Token));
        }
        catch (Exception away)
        {
            _away.Open();
            LogHistoryAway(executions.Count, away.GetType().Name, away.Message);
        }

        return over;
    }

    private async Task<bool> IsKeptAsync(HistoryRow row, CancellationToken cancellation) =>
        await _deadLetters.FindAsync(row.Tenant, row.ExecutionId, cancellation).WaitAsync(cancellation) is not null;

    [LoggerMessage(EventId = 1117, Level = LogLevel.Warning, Message = "Whether {Count} executions of jobs that were just written are over is not known, they start again: {Kind}: {Reason}")]
    private partial void LogHistoryAway(int count, string kind, string reason);

    /// <summary>What history tells to be over; a row may stand for a range of occurrences that were missed.</summary>
    private sealed class Over
    {
        public static readonly Over Nothing = new();

        private readonly HashSet<string> _ended = [];
        private readonly List<HistoryRow> _ranges = [];

        public bool Contains(Execution execution) =>
            _ended.Contains(execution.EntryKey)
            || _ranges.Exists(row => (row.Tenant, row.JobId) == (execution.Tenant, execution.JobId) && row.ScheduledAt <= execution.ScheduledAt && execution.ScheduledAt <= row.LastDue);

        public async Task AddAsync(IReadOnlyList<HistoryRow> rows, Func<HistoryRow, Task<bool>> isKept)
        {
            _ranges.AddRange(rows.Where(row => row.LastDue is not null));
            foreach (var row in rows)
            {
                if (row.Status is ExecutionStatus.Succeeded or ExecutionStatus.Skipped or ExecutionStatus.Missed || (row.Status == ExecutionStatus.DeadLettered && await isKept(row)))
                    _ended.Add($"{row.Tenant}/{row.ExecutionId}");
            }
        }
    }
}
