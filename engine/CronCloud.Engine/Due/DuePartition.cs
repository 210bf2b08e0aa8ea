using CronCloud.Core;
using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Clocks;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>
/// One partition's loop: read what is due, dispatch it, then what is left over as far as the node has time for it. An index that lost
/// something is built again by steps in between; attempts without an outcome by their deadline are looked after once a second.
/// </summary>
public sealed class DuePartition(int partition, DuePartitionParts parts, TimeProvider time) : ILoop
{
    /// <summary>Entries per round: one script call stays within milliseconds.</summary>
    public const int BatchSize = 500;

    private const int LeftOversPerRound = 50;

    /// <summary>How long a lost wake may go unnoticed.</summary>
    public static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);

    /// <summary>Between two steps of a build: others need the record too.</summary>
    public static readonly TimeSpan BuildPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Until a build asks again for a place that others have, or for which it is not its turn, or looks again whether history has answered: hundreds do, and each looks at its index before.</summary>
    private static readonly TimeSpan WaitingPause = TimeSpan.FromMilliseconds(250);

    /// <summary>What is due waits no longer for a step of a build; it goes on beside the dispatch.</summary>
    private static readonly TimeSpan StepPatience = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan StepLimit = TimeSpan.FromSeconds(30);

    private DateTimeOffset _flightsReadAt;
    private DateTimeOffset _buildsAfter;
    private DateTimeOffset _reached = DateTimeOffset.UnixEpoch;
    private PartitionBuild? _build;
    private Task<BuildStep>? _step;
    private bool _waits;
    private DateTimeOffset _told = DateTimeOffset.UnixEpoch;
    private bool _isBehind;
    private bool _isWhole;
    private bool _hasLeftOvers;

    public string Name => $"due partition {partition}";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        if (!parts.Clock.IsTrusted)
            return ClockGuard.Interval;
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()); // as the index keeps it: a finer one would look as if the index were behind
        var limit = parts.Checkpoints.LimitOf(partition);
        var scan = await ScanAsync(now, cancellation);
        await BuildAsync(scan, cancellation);
        scan = await WithoutReplacedAsync(scan, cancellation);
        TellBacklog(scan, null, now);
        var dispatched = await parts.Dispatcher.DispatchAsync(partition, [.. scan.Entries, .. scan.LeftOvers], InQueue(), parts.Checkpoints.WrittenOf(partition), cancellation);
        parts.Pace.Count(scan.Entries.Count);
        Reached(scan, dispatched, now, limit);
        TellBacklog(scan, dispatched, now);
        if (now - _flightsReadAt >= LongestSleep)
        {
            await parts.LostFlights.RunOnceAsync(partition, cancellation);
            _flightsReadAt = now;
        }

        return dispatched.Refused == 0 ? SleepAfter(scan, dispatched, now) : throw new IOException($"{dispatched.Refused} of {scan.Entries.Count + scan.LeftOvers.Count} due entries could not be queued and stay due.");
    }

    /// <summary>An index that is not whole may be an older copy, unless next to nothing was in it when its build began. What waits for the build counts as not found: nobody hurries for it.</summary>
    private async Task<DueScan> WithoutReplacedAsync(DueScan scan, CancellationToken cancellation) =>
        _isWhole || _build?.Audit.IsSparse == true ? scan : scan with { Entries = await parts.Edits.WithoutReplacedAsync(partition, scan.Entries, cancellation) };

    /// <summary>An index that is not whole may be an older copy: what the record, or this node itself, knows to be in the queue is not started again.</summary>
    private DateTimeOffset? InQueue()
    {
        if (_isWhole)
            return null;
        var (recorded, own) = (_build?.Audit.Checkpoint, parts.Checkpoints.Of(partition));
        return Checkpoint.InQueue(recorded > own || own is null ? recorded : own);
    }

    private async Task<DueScan> ScanAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var granted = _hasLeftOvers && (_isWhole || InQueue() is not null) ? parts.CatchUp.Take(LeftOversPerRound) : 0;
        var scan = await parts.Index.ScanAsync(
            partition,
            new DueQuery { Now = now, Limit = BatchSize, OverdueBefore = now - CatchUp.OnTime, LeftOverLimit = granted, Reached = _reached },
            cancellation);
        _isBehind |= (scan.Reached ?? DateTimeOffset.UnixEpoch) < _told;
        _told = _reached;
        parts.CatchUp.GiveBack(granted - scan.LeftOvers.Count);
        _hasLeftOvers = scan.HasMoreLeftOvers || scan.LeftOvers.Count > 0;
        return scan;
    }

    /// <summary>
    /// Whole is an index that was built since its server started, is complete, and is not behind what this loop knows. The record may be away: what
    /// is in the index is dispatched all the same.
    /// </summary>
    private async Task BuildAsync(DueScan scan, CancellationToken cancellation)
    {
        var isSame = scan.Incarnation is not null && (parts.IndexWatch.Incarnation is not { } known || scan.Incarnation == known);
        _isWhole = scan.IsBuilt && isSame && !_isBehind;
        if (_isWhole && _step is null)
            _build = null;
        if (_step is null && (_isWhole || time.GetUtcNow() < _buildsAfter))
            return;

        try
        {
            if (_isBehind)
                await parts.Index.BeginBuildAsync(partition, cancellation); // a scan tells it once only: from now on all see that it is not whole
            _isBehind = false;
            _step ??= StepAsync();
            if (!await _step.EndsWithinAsync(StepPatience, time, cancellation))
            {
                _waits = _build?.Audit.AsksHistory == true;
                return;
            }

            (var step, _step) = (_step, null);
            (_build, var hadPlace) = await step;
            _waits = !hadPlace;
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            _build = null;
            _buildsAfter = time.GetUtcNow() + LongestSleep;
            parts.Builder.Report(partition, away);
        }
    }

    /// <summary>It may outlive the round that began it, and has a limit of its own.</summary>
    private async Task<BuildStep> StepAsync()
    {
        using var limit = new CancellationTokenSource(StepLimit, time);
        return await parts.Builder.StepAsync(partition, _build, parts.Backlog.IsLate(time.GetUtcNow()), limit.Token);
    }

    /// <summary>A checkpoint stands still while the index is not whole, and behind whatever is due and not dispatched yet, or may not be armed.</summary>
    private void Reached(DueScan scan, Dispatched dispatched, DateTimeOffset now, DateTimeOffset? limit)
    {
        if (!_isWhole)
            return;
        var behind = scan.IsFull || _hasLeftOvers || dispatched.Held + dispatched.Refused > 0 || dispatched.Again <= now ? scan.Oldest : null;
        _reached = behind is { } oldest && oldest <= now ? oldest.AddMilliseconds(-1) : now;
        if (limit is { } most)
            parts.Checkpoints.Reached(partition, _reached < most ? _reached : most);
    }

    /// <summary>What the scan found is due until it is dispatched; what it did not even read stays so.</summary>
    private void TellBacklog(DueScan scan, Dispatched? dispatched, DateTimeOffset now)
    {
        var isMore = scan.IsFull || scan.HasMoreLeftOvers;
        var found = scan.Entries.Count(entry => !entry.IsTombstone) + scan.LeftOvers.Count;
        var count = dispatched is null || isMore ? found : dispatched.Held + dispatched.Refused;
        var onTime = dispatched is null || scan.IsFull || dispatched.Held + dispatched.Refused > 0 ? scan.Entries.Where(entry => !entry.IsTombstone).Min(entry => (DateTimeOffset?)entry.Due) : null;
        parts.Backlog.Tell(partition, new PartitionBacklog(count, count > 0 || isMore ? scan.Oldest : null, now, _isWhole, onTime));
    }

    private TimeSpan SleepAfter(DueScan scan, Dispatched dispatched, DateTimeOffset began)
    {
        var now = time.GetUtcNow();
        var longest = !_isWhole && now >= _buildsAfter ? _waits ? WaitingPause : BuildPause : _hasLeftOvers ? CatchUpBudget.Interval : LongestSleep;
        if ((scan.IsFull && scan.Entries.Count > 0) || (dispatched.Again <= began && scan.Entries.Count + scan.LeftOvers.Count > 0))
            return TimeSpan.Zero;
        var next = dispatched.Again < scan.NextDue || scan.NextDue is null ? dispatched.Again : scan.NextDue;
        var look = next < now ? now : next < now + longest ? next.Value : now + longest;
        return (_isWhole ? parts.Pace.TickFrom(look) : look) - now;
    }
}

/// <summary>What all due partitions of a node share.</summary>
public sealed record DuePartitionParts(
    IDueIndex Index, RecordedEdits Edits, Dispatcher Dispatcher, LostFlights LostFlights, PartitionBuilder Builder, Checkpoints Checkpoints, CatchUpBudget CatchUp, IndexWatch IndexWatch, DispatchPace Pace, ClockGuard Clock)
{
    public DueBacklog Backlog { get; } = new();
}
