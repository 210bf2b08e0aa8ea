using CronCloud.Core.Due;

namespace CronCloud.Backends.DueIndex;

/// <summary>One partition's entries and flights: the Lua scripts' steps, under a lock.</summary>
internal sealed class MemoryPartition
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DueEntry> _entries = [];
    private readonly SortedSet<(DateTimeOffset Due, string Key)> _due = new(DueOrder.Instance);
    private readonly Dictionary<string, Flight> _flights = [];
    private readonly Dictionary<string, DateTimeOffset> _landed = [];
    private int _builds;
    private bool _isBuilt;

    public bool IsBuilt
    {
        get
        {
            lock (_lock)
                return _isBuilt;
        }
    }

    public string BeginBuild()
    {
        lock (_lock)
            return Text(++_builds);
    }

    public bool EndBuild(string build)
    {
        lock (_lock)
            return _isBuilt |= build == Text(_builds);
    }

    /// <summary>True when an entry became the soonest of all.</summary>
    public bool Arm(IReadOnlyList<DueEntry> entries)
    {
        lock (_lock)
        {
            var head = Head;
            foreach (var entry in entries)
                Arm(entry);
            return Head < head;
        }
    }

    public DueScan Scan(DateTimeOffset now, int limit)
    {
        lock (_lock)
        {
            var found = new List<DueEntry>();
            foreach (var (due, key) in _due)
            {
                if (due > now)
                    return new DueScan(_isBuilt, found, due);
                if (found.Count == limit)
                    return new DueScan(_isBuilt, found, found[^1].Due);
                found.Add(_entries[key]);
            }

            return new DueScan(_isBuilt, found, found.Count == limit && limit > 0 ? found[^1].Due : null);
        }
    }

    public bool[] Advance(IReadOnlyList<Advance> advances, DateTimeOffset now)
    {
        lock (_lock)
        {
            foreach (var old in _landed.Where(l => l.Value + Landing.Remembered < now).Select(l => l.Key).ToList())
                _landed.Remove(old);
            return [.. advances.Select(advance => Advance(advance, now))];
        }
    }

    /// <summary>True when a retry became the soonest of all.</summary>
    public bool Land(IReadOnlyList<Landing> landings, DateTimeOffset now)
    {
        lock (_lock)
        {
            var head = Head;
            foreach (var (flightId, retry) in landings)
            {
                if (!_flights.Remove(flightId))
                    _landed[flightId] = now;
                if (retry is not null)
                    Arm(retry);
            }

            return Head < head;
        }
    }

    public Flight[] ReadFlights(DateTimeOffset before, int limit)
    {
        lock (_lock)
            return [.. _flights.Values.Where(f => f.Deadline <= before).OrderBy(f => f.Deadline).Take(limit)];
    }

    public bool ExtendFlight(Flight old, Flight renewed)
    {
        lock (_lock)
        {
            if (!_flights.TryGetValue(old.Id, out var flight) || flight.Deadline != old.Deadline)
                return false;
            _flights[old.Id] = renewed;
            return true;
        }
    }

    public DueEntry? Find(string key)
    {
        lock (_lock)
            return _entries.GetValueOrDefault(key);
    }

    private static string Text(int build) => build.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private DateTimeOffset Head => _due.Count > 0 ? _due.Min.Due : DateTimeOffset.MaxValue;

    private void Arm(DueEntry entry)
    {
        if (_entries.TryGetValue(entry.Key, out var stored) && stored.Version >= entry.Version)
            return;
        Put(entry);
    }

    private bool Advance(Advance advance, DateTimeOffset now)
    {
        var (seen, next, flight) = advance;
        var stored = _entries.GetValueOrDefault(seen.Key);
        var moved = stored is not null && stored.Version == seen.Version && stored.Due == seen.Due;
        if (moved)
        {
            if (next is { } due)
                Put(stored! with { Due = due });
            else if (seen.IsTombstone)
                Remove(stored!);
            else
                Put(DueEntry.Tombstone(seen.Key, seen.Version, now));
        }

        if (flight is not null && (moved || stored?.Version > seen.Version) && !_landed.Remove(flight.Id))
            _flights[flight.Id] = flight;
        return moved;
    }

    private void Put(DueEntry entry)
    {
        if (_entries.TryGetValue(entry.Key, out var stored))
            Remove(stored);
        _entries[entry.Key] = entry;
        _due.Add((entry.Due, entry.Key));
    }

    private void Remove(DueEntry entry)
    {
        _entries.Remove(entry.Key);
        _due.Remove((entry.Due, entry.Key));
    }

    private sealed class DueOrder : IComparer<(DateTimeOffset Due, string Key)>
    {
        public static readonly DueOrder Instance = new();

        public int Compare((DateTimeOffset Due, string Key) x, (DateTimeOffset Due, string Key) y)
        {
            var byDue = x.Due.CompareTo(y.Due);
            return byDue != 0 ? byDue : string.CompareOrdinal(x.Key, y.Key);
        }
    }
}
