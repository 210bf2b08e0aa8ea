using System.Globalization;
using CronCloud.Core;
using CronCloud.Core.Due;

namespace CronCloud.Backends.DueIndex;

/// <summary>One partition's entries, flights and slots: the Lua scripts' steps, under a lock.</summary>
internal sealed class MemoryPartition
{
    private readonly Lock _lock = new();
    private readonly MemoryEntries _entries = new();
    private readonly Dictionary<string, Flight> _flights = [];
    private readonly Dictionary<string, (DateTimeOffset At, bool Succeeded, bool HasRetry, bool Failed)> _landed = [];
    private readonly Dictionary<string, string> _slots = [];
    private readonly Dictionary<string, DueEntry> _waiting = [];
    private int _builds;
    private string? _incarnation;
    private bool _isBuilt;
    private DateTimeOffset? _reached;

    public string BeginBuild()
    {
        lock (_lock)
        {
            _isBuilt = false;
            return Text(++_builds);
        }
    }

    public bool EndBuild(string build, string incarnation)
    {
        lock (_lock)
        {
            if (build != Text(_builds))
                return false;
            _incarnation = incarnation;
            return _isBuilt = true;
        }
    }

    /// <summary>True when an entry became the soonest of all.</summary>
    public bool Arm(IReadOnlyList<DueEntry> entries)
    {
        lock (_lock)
        {
            var (head, leftOvers) = (_entries.Head, _entries.LeftOvers);
            foreach (var entry in entries)
                Arm(entry);
            return _entries.Head < head || _entries.LeftOvers > leftOvers;
        }
    }

    public DueScan Scan(DueQuery query)
    {
        lock (_lock)
        {
            var leftOvers = _entries.TakeLeftOvers(query.LeftOverLimit);
            var found = _entries.Take(query.OverdueBefore, query.Now, query.Limit);
            var room = Math.Max(Math.Max(query.Limit - found.Count, query.Limit / 4), 1);
            var overdue = _entries.Take(DateTimeOffset.MinValue, query.OverdueBefore, room);
            var reached = _reached;
            if (query.Reached > (_reached ?? DateTimeOffset.UnixEpoch))
                _reached = DateTimeOffset.FromUnixTimeMilliseconds(query.Reached.ToUnixTimeMilliseconds());
            return new DueScan
            {
                IsBuilt = _isBuilt,
                Incarnation = _incarnation,
                Reached = reached,
                Entries = [.. found.Take(query.Limit), .. overdue.Take(room)],
                LeftOvers = [.. leftOvers.Take(query.LeftOverLimit)],
                IsFull = found.Count > query.Limit || overdue.Count > room,
                HasMoreLeftOvers = leftOvers.Count > query.LeftOverLimit,
                Oldest = _entries.Oldest is var oldest && oldest < DateTimeOffset.MaxValue ? oldest : null,
                NextDue = _entries.NextAfter(query.Now),
            };
        }
    }

    public SlotState[] Claim(IReadOnlyList<SlotClaim> claims)
    {
        lock (_lock)
            return [.. claims.Select(Claim)];
    }

    public bool[] Advance(IReadOnlyList<Advance> advances, DateTimeOffset now)
    {
        lock (_lock)
        {
            foreach (var old in _landed.Where(l => l.Value.At + Landing.Remembered < now).Select(l => l.Key).ToList())
                _landed.Remove(old);
            return [.. advances.Select(advance => Advance(advance, now))];
        }
    }

    /// <param name="isSooner">Whether a retry, or who waited for a slot, became the soonest of all.</param>
    public Landed[] Land(IReadOnlyList<Landing> landings, DateTimeOffset now, out bool isSooner)
    {
        lock (_lock)
        {
            var head = _entries.Head;
            Landed[] landed = [.. landings.Select(landing => Land(landing, now))];
            isSooner = _entries.Head < head;
            return landed;
        }
    }

    public Flight[] ReadFlights(DateTimeOffset before, int limit)
    {
        lock (_lock)
            return [.. _flights.Values.Where(f => f.Deadline <= before).OrderBy(f => f.Deadline).ThenBy(f => f.Id, StringComparer.Ordinal).Take(limit)];
    }

    public Flight? FindFlight(string id)
    {
        lock (_lock)
            return _flights.GetValueOrDefault(id);
    }

    public bool ExtendFlight(Extension extension)
    {
        lock (_lock)
        {
            if (!_flights.TryGetValue(extension.Old.Id, out var flight) || flight.Deadline != extension.Old.Deadline)
                return false;
            _flights[extension.Old.Id] = extension.Renewed;
            return true;
        }
    }

    public DueEntry? Find(string key)
    {
        lock (_lock)
            return _waiting.Values.FirstOrDefault(w => w.Key == key) ?? _entries.Find(key);
    }

    public Dictionary<string, DueStamp> Stamp(IReadOnlyList<string> keys)
    {
        lock (_lock)
            return keys.Select(_entries.Find).OfType<DueEntry>().DistinctBy(e => e.Key).ToDictionary(e => e.Key, StampOf);
    }

    /// <summary>The cursor is the last key of the part before.</summary>
    public Page<DueStamp> List(string? cursor, int limit)
    {
        lock (_lock)
        {
            var part = _entries.All.Where(e => string.CompareOrdinal(e.Key, cursor) > 0).OrderBy(e => e.Key, StringComparer.Ordinal).Take(limit).Select(StampOf).ToList();
            return new Page<DueStamp>(part, part.Count == limit ? part[^1].Key : null);
        }
    }

    public int Remove(IReadOnlyList<DueStamp> stamps)
    {
        lock (_lock)
            return stamps.Count(stamp => _entries.Find(stamp.Key) is { } entry && (entry.Version, entry.Due) == (stamp.Version, stamp.Due) && _entries.Remove(entry));
    }

    public SlotClaim[] ReadSlots()
    {
        lock (_lock)
            return [.. _slots.Select(s => new SlotClaim(s.Key, s.Value))];
    }

    private static string Text(int build) => build.ToString(CultureInfo.InvariantCulture);

    private static DueStamp StampOf(DueEntry entry) => new(entry.Key, entry.Version, entry.Due, entry.IsTombstone, entry.IsLeftOver);

    private void Arm(DueEntry entry)
    {
        var stored = _entries.Find(entry.Key);
        if (stored?.Version > entry.Version)
            return;
        if (stored?.Version == entry.Version)
        {
            if (entry.Raises && !stored.IsTombstone && stored.Due < entry.Due)
                _entries.Put(stored with { Due = entry.Due });
            return;
        }

        if (stored is { IsTombstone: false } && entry.Since is { } since && stored.Due <= since && stored.LeftOver(since) is var leftOver && _entries.Find(leftOver.Key) is null)
            _entries.Put(leftOver);
        _entries.Put(entry with { Since = null, Raises = false });
    }

    private SlotState Claim(SlotClaim claim)
    {
        if (claim.Seen is { } seen && (_entries.Find(seen.Key) is not { } stored || (stored.Version, stored.Due) != (seen.Version, seen.Due)))
            return SlotState.Gone;
        if (claim.AttemptId is { } attempt && _landed.ContainsKey(attempt))
            return SlotState.Landed;
        if (_slots.TryAdd(claim.Job, claim.Execution) || _slots[claim.Job] == claim.Execution)
            return SlotState.Taken;
        return _waiting.TryGetValue(claim.Job, out var waiting) && waiting.Key != claim.Execution ? SlotState.Full : SlotState.Busy;
    }

    private bool Advance(Advance advance, DateTimeOffset now)
    {
        var (seen, next, flight) = advance;
        var stored = _entries.Find(seen.Key);
        var moved = stored is not null && stored.Version == seen.Version && stored.Due == seen.Due;
        if (moved)
        {
            if (advance.LeftOver is { } leftOver)
                _entries.Put(leftOver with { Payload = stored!.Payload });
            if (next is { } due)
                _entries.Put(stored! with { Due = due });
            else if (seen.LeavesNothing)
                _entries.Remove(stored!);
            else
                _entries.Put(DueEntry.Tombstone(seen.Key, seen.Version, now));
            if (advance.Park is { } park)
                Park(park);
        }

        else if (stored?.Version > seen.Version && advance is { LeftOver: null, Park: null })
        {
            AdvanceLeftOver(seen, next);
        }

        var isOver = flight is not null && _landed.ContainsKey(flight.Id);
        if (flight is not null && !isOver && (moved || stored?.Version > seen.Version))
            _flights[flight.Id] = flight;
        if (isOver && advance.Slot is { } slot && _slots.GetValueOrDefault(slot.Job) == slot.Execution && !GoesOn(slot.Execution))
            Free(slot.Job, now);
        return moved;
    }

    /// <summary>The entry was edited since it was seen: what was done with it is not to be done once more by what the edit left over.</summary>
    private void AdvanceLeftOver(DueEntry seen, DateTimeOffset? next)
    {
        if (_entries.Find(seen.LeftOver(seen.Due).Key) is not { } left || left.Due != seen.Due)
            return;
        if (next <= left.Until)
            _entries.Put(left with { Due = next.Value });
        else
            _entries.Remove(left);
    }

    /// <summary>Whether the execution waits for a retry, or one is in flight: the version of its tombstone.</summary>
    private bool GoesOn(string execution) => _entries.Find(execution) is { } entry && (!entry.IsTombstone || _flights.ContainsKey($"{execution}#{entry.Version}"));

    private void Park(Parking park)
    {
        var othersWait = _waiting.TryGetValue(park.Claim.Job, out var waiting) && waiting.Key != park.Entry.Key;
        if (othersWait || !_slots.ContainsKey(park.Claim.Job))
            _entries.Put(park.Entry);
        else
            _waiting[park.Claim.Job] = park.Entry;
    }

    private Landed Land(Landing landing, DateTimeOffset now)
    {
        var (hadSucceeded, hadRetry, hadFailed) = (false, false, false);
        if (landing.FlightId is { } flight)
        {
            _flights.Remove(flight);
            if (_landed.TryGetValue(flight, out var before))
                (hadSucceeded, hadRetry, hadFailed) = (before.Succeeded, before.HasRetry, before.Failed);
            var succeeds = hadSucceeded || landing.Succeeded;
            var hasRetry = !succeeds && !hadFailed && (hadRetry || landing.Retry is not null);
            _landed[flight] = (now, succeeds, hasRetry, !succeeds && !hasRetry && (hadFailed || landing.FailedForGood));
        }

        var isLive = landing.Succeeded || !(hadSucceeded || (hadRetry && landing.Retry is null) || (hadFailed && landing.Retry is not null));
        if (landing.Retry is { } retry)
        {
            if (isLive || _entries.Find(retry.Key)?.Version >= retry.Version)
            {
                Arm(retry);
                isLive = true;
            }

            if (_entries.Find(retry.Key) is { IsTombstone: true } over && over.Version >= retry.Version)
            {
                _entries.Put(DueEntry.Tombstone(over.Key, over.Version, now));
                isLive = _flights.ContainsKey($"{retry.Key}#{retry.Version}");
            }
        }

        var tookBack = landing is { Succeeded: true, FlightId: { } succeeded } && TakesBack(succeeded, now);
        if (landing.Frees is { } claim && _slots.GetValueOrDefault(claim.Job) == claim.Execution && !IsFollowed(landing.FlightId, claim.Execution))
            Free(claim.Job, now);
        return tookBack ? Landed.TookRetryBack : isLive ? Landed.Live : Landed.Over;
    }

    /// <summary>The next attempt after one that succeeded is not made if it waits, and cannot be on the queue yet. A left-over is a redrive, which is wanted.</summary>
    private bool TakesBack(string attempt, DateTimeOffset now)
    {
        var execution = attempt[..Math.Max(0, attempt.LastIndexOf('#'))];
        if (_entries.Find(execution) is not { IsTombstone: false, IsLeftOver: false } next || next.Version != NumberOf(attempt) + 1 || next.Due <= now + Landing.ClocksDiffer)
            return false;
        _entries.Put(DueEntry.Tombstone(execution, next.Version, now));
        return true;
    }

    /// <summary>Whether a later attempt waits or is in flight, since another run of this one was put off or failed: the slot is freed by that.</summary>
    private bool IsFollowed(string? attempt, string execution) =>
        attempt is not null && GoesOn(execution) && _entries.Find(execution)!.Version > NumberOf(attempt);

    private static long NumberOf(string attempt) => long.Parse(attempt.AsSpan(attempt.LastIndexOf('#') + 1), CultureInfo.InvariantCulture);

    private void Free(string job, DateTimeOffset now)
    {
        _slots.Remove(job);
        if (_waiting.Remove(job, out var waiting))
            _entries.Put(waiting with { Due = now });
    }
}
