using System.Runtime.InteropServices;

namespace CronCloud.LoadSink;

/// <summary>An arrival with its name as a number: an hour at the peak has ten million of them, of a few thousand jobs.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct KeptArrival(long AtUs, long DueUs, int Name, short Attempt, short Status);

/// <summary>
/// All arrivals, in memory. What happens under the lock is short, and what has arrived is never copied to a larger place: the log must not be what
/// a load waits for.
/// </summary>
internal sealed class ArrivalLog
{
    private const int PageLength = 1 << 16;

    private readonly Lock _lock = new();
    private readonly List<KeptArrival[]> _pages = [];
    private readonly List<string> _names = [];
    private readonly Dictionary<string, int> _numbers = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _numberOf;
    private int _count;

    public ArrivalLog() => _numberOf = _numbers.GetAlternateLookup<ReadOnlySpan<char>>();

    public int Count => Volatile.Read(ref _count);

    public void Add(long atUs, long dueUs, ReadOnlySpan<char> name, int attempt, int status)
    {
        lock (_lock)
        {
            if (_count == _pages.Count * PageLength)
                _pages.Add(new KeptArrival[PageLength]);
            _pages[^1][_count % PageLength] = new KeptArrival(atUs, dueUs, NumberOf(name), (short)attempt, (short)status);
            _count++;
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _pages.Clear();
            _names.Clear();
            _numbers.Clear();
            _count = 0;
        }
    }

    /// <summary>What has arrived by now: a page is only ever added to.</summary>
    public (string[] Names, KeptArrival[][] Pages, int Count) Read()
    {
        lock (_lock)
            return ([.. _names], [.. _pages], _count);
    }

    public static KeptArrival At(KeptArrival[][] pages, int index) => pages[index / PageLength][index % PageLength];

    private int NumberOf(ReadOnlySpan<char> name)
    {
        if (_numberOf.TryGetValue(name, out var known))
            return known;
        var text = name.ToString();
        _numbers[text] = _names.Count;
        _names.Add(text);
        return _names.Count - 1;
    }
}
