using System.Text.Json;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Ledger;
using CronCloud.Core.Schedules;

namespace CronCloud.Engine.Ledger;

/// <summary>
/// One comparison of a tenant's span of time, a page of jobs at a step: what the revisions expect, and what history has. Jobs whose tallies agree are done with; of the
/// others each due time is looked at. It only reads, so that it may be left off and begun anew at any time.
/// </summary>
/// <param name="parts">Where to read.</param>
/// <param name="tenant">Whose.</param>
/// <param name="from">Due times from here.</param>
/// <param name="to">Due times before here.</param>
/// <param name="pageSize">Jobs per step, at most.</param>
/// <param name="mostOccurrences">A step ends with the job that makes more of them: jobs may be due every second.</param>
public sealed class Reckoning(LedgerParts parts, string tenant, DateTimeOffset from, DateTimeOffset to, int pageSize = Reckoning.PageSize, long mostOccurrences = Reckoning.MostOccurrences)
{
    private const int PageSize = 5_000;
    private const long MostOccurrences = 500_000;

    /// <summary>Due times that are looked at one by one at a time.</summary>
    private const int MostDueTimes = 20_000;

    private const int MostJobs = 100;

    private readonly List<LedgerJob> _jobs = [];
    private readonly OpenSnapshot _open = parts.Open.Begin();
    private string? _after;
    private int? _limit;
    private LedgerHour _sum = new() { Tenant = tenant, From = from, To = to };

    public string Tenant => tenant;

    public DateTimeOffset From => from;

    public DateTimeOffset To => to;

    public bool HasEnded { get; private set; }

    /// <summary>What was found, when it has ended.</summary>
    public LedgerHour Result => _sum with { Jobs = [.. _jobs.Take(MostJobs)] };

    /// <summary>Jobs of which a revision cannot be read by this version of the program: nothing is expected of them.</summary>
    public HashSet<string> Unreadable { get; } = [];

    /// <summary>A step that fails leaves all as it was, and may be taken again.</summary>
    public async Task StepAsync(CancellationToken cancellation)
    {
        var (sum, jobs) = (_sum, _jobs.Count);
        try
        {
            await ComparePageAsync(cancellation);
        }
        catch
        {
            _sum = sum;
            _jobs.RemoveRange(jobs, _jobs.Count - jobs);
            throw;
        }
    }

    private async Task ComparePageAsync(CancellationToken cancellation)
    {
        var page = await parts.Revisions.ReadAsync(tenant, _after, from - Core.Due.Checkpoint.ArmingMargin, to, _limit ?? pageSize, cancellation);
        var (jobs, last) = Expect(page);
        var recorded = (await parts.History.CountByJobAsync(tenant, new JobRange(_after, last), from, to, cancellation)).ToDictionary(job => job.JobId);
        var suspects = new List<Suspect>();
        foreach (var (jobId, expected, tally) in jobs)
            Compare(new Suspect(jobId, expected, tally, recorded.GetValueOrDefault(jobId)), suspects);
        foreach (var unknown in recorded.Values.ExceptBy(jobs.Select(job => job.JobId), job => job.JobId).Where(job => !Unreadable.Contains(job.JobId)))
            Compare(new Suspect(unknown.JobId, new ExpectedOccurrences(new JobKey(tenant, unknown.JobId), []), default, unknown), suspects);
        foreach (var part in Parts(suspects))
            await ExamineAsync(part, cancellation);
        _after = last;
        HasEnded = last is null;
    }

    /// <summary>As many jobs of the page as are enough for a step, and the last of them; null when there are no others.</summary>
    private (List<(string JobId, ExpectedOccurrences Expected, DueTally Tally)> Jobs, string? Last) Expect(RevisionPage page)
    {
        var (jobs, occurrences) = (new List<(string, ExpectedOccurrences, DueTally)>(), 0L);
        foreach (var revisions in page.Revisions.GroupBy(revision => revision.JobId))
        {
            if (occurrences > mostOccurrences)
            {
                _limit = Math.Max(1, jobs.Count * 2); // what is read and not used is read again
                return (jobs, jobs[^1].Item1);
            }

            if (Expect(revisions.Key, [.. revisions]) is not { } expected)
                continue;
            var tally = expected.Tally(from, to);
            occurrences += tally.Count;
            jobs.Add((revisions.Key, expected, tally));
        }

        _limit = Math.Min(pageSize, (_limit ?? pageSize) * 2);
        return (jobs, page.LastJob);
    }

    /// <summary>What became of those that history has.</summary>
    public Task<HistoryCounts> CountAsync(CancellationToken cancellation) => parts.Counts.CountScheduledAsync(tenant, from, to, cancellation);

    private ExpectedOccurrences? Expect(string jobId, IReadOnlyList<RecordedRevision> revisions)
    {
        try
        {
            return new ExpectedOccurrences(new JobKey(tenant, jobId), revisions);
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException or InvalidOperationException)
        {
            Unreadable.Add(jobId);
            return null;
        }
    }

    private void Compare(Suspect job, List<Suspect> suspects)
    {
        if (job.Tally != (job.Recorded?.Due ?? default))
            suspects.Add(job);
        else
            Add(job, job.Tally.Count, job.Tally.Count, job.Recorded?.Dispatched ?? 0);
    }

    private static IEnumerable<List<Suspect>> Parts(List<Suspect> suspects)
    {
        var (part, dueTimes) = (new List<Suspect>(), 0L);
        foreach (var suspect in suspects)
        {
            part.Add(suspect);
            dueTimes += suspect.Tally.Count + (suspect.Recorded?.Due.Count ?? 0);
            if (dueTimes < MostDueTimes)
                continue;
            yield return part;
            (part, dueTimes) = ([], 0);
        }

        if (part.Count > 0)
            yield return part;
    }

    private async Task ExamineAsync(List<Suspect> suspects, CancellationToken cancellation)
    {
        var recorded = (await parts.History.ListDueAsync(tenant, suspects.ConvertAll(s => s.JobId), from, to, cancellation)).ToLookup(due => due.JobId, due => due.First);
        foreach (var suspect in suspects)
            suspect.Compare(recorded[suspect.JobId], from, to);
        var incomplete = suspects.Where(s => s.Missing.Count > 0).ToDictionary(s => s.JobId);
        if (incomplete.Count > 0)
        {
            foreach (var range in await parts.History.ListRangesAsync(tenant, incomplete.Keys, from, to, cancellation))
                incomplete[range.JobId].Cover(range);
            await FindOpenAsync(incomplete, cancellation);
        }

        suspects.ForEach(Conclude);
    }

    private async Task FindOpenAsync(Dictionary<string, Suspect> incomplete, CancellationToken cancellation)
    {
        var open = await _open.AmongAsync(tenant, incomplete.Where(job => job.Value.Missing.Count > 0).ToDictionary(job => job.Key, job => job.Value.Missing.ToList()), cancellation);
        foreach (var occurrence in open)
            incomplete[occurrence.JobId].Missing.Remove(occurrence.Due);
        _sum = _sum with { Open = _sum.Open + open.Count, Dispatched = _sum.Dispatched + open.Count(o => o.IsDispatched), Expected = _sum.Expected + open.Count };
    }

    private void Conclude(Suspect job)
    {
        Add(job, job.Matching + job.Missing.Count, job.Matching, job.Recorded?.Dispatched ?? 0);
        if (job.Missing.Count + job.Unexpected.Count == 0)
            return;
        _sum = _sum with { Missing = _sum.Missing + job.Missing.Count, Unexpected = _sum.Unexpected + job.Unexpected.Count };
        if (_jobs.Count < MostJobs)
            _jobs.Add(job.ToLedgerJob(from));
    }

    private void Add(Suspect job, long expected, long matching, long dispatched) =>
        _sum = _sum with { Expected = _sum.Expected + expected, Recorded = _sum.Recorded + matching, Dispatched = _sum.Dispatched + dispatched };

    /// <summary>A job whose tallies do not agree, and what becomes of the difference.</summary>
    private sealed record Suspect(string JobId, ExpectedOccurrences Expected, DueTally Tally, RecordedJob? Recorded)
    {
        public SortedSet<DateTimeOffset> Missing { get; } = [];

        public SortedSet<DateTimeOffset> Unexpected { get; } = [];

        /// <summary>How many are in history and were expected, or might be.</summary>
        public long Matching { get; private set; }

        public void Compare(IEnumerable<DateTimeOffset> recorded, DateTimeOffset from, DateTimeOffset to)
        {
            Missing.UnionWith(Expected.List(from, to));
            foreach (var due in recorded)
            {
                if (Missing.Remove(due) || Expected.MayHave(due))
                    Matching++;
                else
                    Unexpected.Add(due);
            }
        }

        /// <summary>A row for a range that was missed stands for all in it.</summary>
        public void Cover(RecordedDue range) => Matching += Missing.RemoveWhere(due => due >= range.First && due <= range.Last);

        public LedgerJob ToLedgerJob(DateTimeOffset hour) => new()
        {
            JobId = JobId,
            From = hour,
            Expected = Tally.Count,
            Recorded = Matching + Unexpected.Count,
            Missing = Missing.Count,
            Unexpected = Unexpected.Count,
            FirstMissing = [.. Missing.Take(LedgerJob.MostTold)],
            FirstUnexpected = [.. Unexpected.Take(LedgerJob.MostTold)],
        };
    }
}

/// <summary>Where a reckoning reads.</summary>
public sealed record LedgerParts(IRevisionLog Revisions, ILedgerHistory History, IHistory Counts, OpenOccurrences Open);
