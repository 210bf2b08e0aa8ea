using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Ledger;

/// <summary>
/// When a job had to be due, by its revisions alone: what was due up to and including the instant of an edit belongs to the revision before it, what is due after it
/// to the new one. History and the due index have no say in it.
/// </summary>
public sealed class ExpectedOccurrences
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private readonly List<Span> _spans = [];

    /// <param name="job">Whose revisions they are; its identity feeds <c>H</c>, jitter and phase.</param>
    /// <param name="revisions">By version. The one in force at the beginning of the time that is asked about, and all since.</param>
    /// <exception cref="FormatException">A schedule cannot be read here: it is not known when the job had to be due.</exception>
    public ExpectedOccurrences(JobKey job, IReadOnlyList<RecordedRevision> revisions)
    {
        // From the newest back, so that two gateways' clocks, should they disagree, give no instant to two revisions.
        var until = DateTimeOffset.MaxValue;
        for (var i = revisions.Count - 1; i >= 0; i--)
        {
            var revision = revisions[i];
            if (revision.State == JobState.Active && revision.At < until)
                _spans.Add(new Span(Parse(job, revision), revision.At, until));
            until = revision.At < until ? revision.At : until;
        }
    }

    /// <summary>What is due from the one instant on, and before the other.</summary>
    public DueTally Tally(DateTimeOffset from, DateTimeOffset to)
    {
        var tally = default(DueTally);
        foreach (var (schedule, after, until) in Within(from, to))
            tally += schedule.Tally(after, until);
        return tally;
    }

    /// <summary>The due times from the one instant on and before the other, in no order.</summary>
    public IEnumerable<DateTimeOffset> List(DateTimeOffset from, DateTimeOffset to)
    {
        foreach (var (schedule, after, until) in Within(from, to))
        {
            for (var due = schedule.Next(after); due <= until; due = schedule.Next(due.Value))
                yield return due.Value;
        }
    }

    /// <summary>
    /// Whether a revision that had just been replaced named the instant: an edit is in the record some milliseconds before the due index has it, and the old revision
    /// may start what is due in between.
    /// </summary>
    public bool MayHave(DateTimeOffset due) =>
        _spans.Exists(span => due > span.After && (span.Until == DateTimeOffset.MaxValue || due <= span.Until + Checkpoint.ArmingMargin) && span.Schedule.Next(due - Millisecond) == due);

    /// <summary>Due times are whole milliseconds.</summary>
    private IEnumerable<Span> Within(DateTimeOffset from, DateTimeOffset to) =>
        _spans.Select(span => span with
        {
            After = span.After > from - Millisecond ? span.After : from - Millisecond,
            Until = span.Until < to - Millisecond ? span.Until : to - Millisecond,
        }).Where(span => span.After < span.Until);

    private static Schedule Parse(JobKey job, RecordedRevision revision) => Schedule.Parse(revision.Read().Schedule, job.ToString(), out var errors)
        ?? throw new FormatException($"The schedule of {job}, version {revision.Version}, cannot be read: {string.Join("; ", errors.Select(e => $"{e.Field} {e.Message}"))}");

    private sealed record Span(Schedule Schedule, DateTimeOffset After, DateTimeOffset Until);
}
