using CronCloud.Core.Due;

namespace CronCloud.Backends.DueIndex;

/// <summary>Entries by key and by due time. Not safe for many threads: its owner has a lock.</summary>
internal sealed class MemoryEntries
{
    private readonly Dictionary<string, DueEntry> _byKey = [];
    private readonly SortedSet<(DateTimeOffset Due, string Key)> _due = new(DueOrder.Instance);
    private readonly SortedSet<(DateTimeOffset Due, string Key)> _leftOver = new(DueOrder.Instance);

    /// <summary>The soonest due time, left-overs aside; the end of time when there is none.</summary>
    public DateTimeOffset Head => First(_due);

    /// <summary>The soonest due time of all.</summary>
    public DateTimeOffset Oldest => First(_leftOver) is var left && left < Head ? left : Head;

    public int LeftOvers => _leftOver.Count;

    public IEnumerable<DueEntry> All => _byKey.Values;

    public DueEntry? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>The first ones that are due after one instant and by another; one more than the limit when there are more.</summary>
    public List<DueEntry> Take(DateTimeOffset after, DateTimeOffset by, int limit) => [.. Between(after, by).Take(limit + 1).Select(e => _byKey[e.Key])];

    public List<DueEntry> TakeLeftOvers(int limit) => [.. _leftOver.Take(limit + 1).Select(e => _byKey[e.Key])];

    public DateTimeOffset? NextAfter(DateTimeOffset instant) => Between(instant, DateTimeOffset.MaxValue).Select(e => (DateTimeOffset?)e.Due).FirstOrDefault();

    public void Put(DueEntry entry)
    {
        if (_byKey.TryGetValue(entry.Key, out var stored))
            Remove(stored);
        _byKey[entry.Key] = entry;
        LaneOf(entry).Add((entry.Due, entry.Key));
    }

    public bool Remove(DueEntry entry)
    {
        LaneOf(entry).Remove((entry.Due, entry.Key));
        return _byKey.Remove(entry.Key);
    }

    private static DateTimeOffset First(SortedSet<(DateTimeOffset Due, string Key)> lane) => lane.Count > 0 ? lane.Min.Due : DateTimeOffset.MaxValue;

    private SortedSet<(DateTimeOffset Due, string Key)> LaneOf(DueEntry entry) => entry.IsLeftOver ? _leftOver : _due;

    /// <summary>Keys sort before U+FFFF: the bounds are after the one instant, and at the other.</summary>
    private IEnumerable<(DateTimeOffset Due, string Key)> Between(DateTimeOffset after, DateTimeOffset by) =>
        by <= after ? [] : _due.GetViewBetween((after, "\uFFFF"), (by, "\uFFFF"));

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
