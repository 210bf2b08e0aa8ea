using CronCloud.Core.Clocks;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Clocks;

/// <summary>
/// Compares the machine's clock with those of Redis and SQL every second. A machine whose clock none of them shares takes itself out: it is
/// not ready and dispatches nothing until they agree. Where there is nobody to ask, a jump is believed when it stays.
/// </summary>
public sealed partial class ClockGuard(DisciplinedClock clock, TimeProvider machine, IEnumerable<IReferenceClock> references, ILogger<ClockGuard> logger) : ILoop
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Clocks that differ by no more agree.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<IReferenceClock> _references = [.. references];
    private TimeSpan? _jump;
    private bool _isOut;
    private volatile bool _isKnown;
    private volatile bool _isTrusted;

    public string Name => "clock guard";

    /// <summary>False before the first comparison, and while the machine's clock is wrong.</summary>
    public bool IsTrusted => _isTrusted;

    /// <summary>
    /// False until the time is known from a reference, or from the machine where there is none to ask. A machine that is wrong from the start goes by a
    /// reference's time: attempts and changes of jobs have times too.
    /// </summary>
    public bool IsKnown => _isKnown;

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var (instant, timestamp) = (machine.GetUtcNow(), machine.GetTimestamp());
        var read = await Task.WhenAll(_references.Select(reference => CompareAsync(reference, instant, timestamp, cancellation)));
        var known = read.OfType<Difference>().ToList();
        if (known.Count > 0)
            Judge(known, instant, timestamp);
        else
            BelieveWhatStays();
        return Interval;
    }

    /// <summary>The reading that was compared is what is gone on from: the machine's clock may have jumped since.</summary>
    private void Judge(List<Difference> known, DateTimeOffset instant, long timestamp)
    {
        _jump = null;
        if (!known.Exists(difference => difference.Agrees))
        {
            if (!_isOut)
                LogOut(string.Join(", ", known));
            if (!_isKnown)
                clock.Adopt(instant + known[0].Ahead, timestamp);
            (_isOut, _isTrusted, _isKnown) = (true, false, true);
            return;
        }

        if (_isOut)
            LogIn(string.Join(", ", known));
        clock.Adopt(instant, timestamp);
        (_isOut, _isTrusted, _isKnown) = (false, true, true);
    }

    /// <summary>A machine that was suspended is right when it wakes, though its counter stood still; with references that are away it has to wait for them.</summary>
    private void BelieveWhatStays()
    {
        if (_isOut || (_references.Count > 0 && !_isKnown))
            return;
        var ahead = clock.MachineIsAhead();
        var stays = _references.Count == 0 && _jump is { } jump && (ahead - jump).Duration() <= Tolerance;
        _jump = ahead.Duration() <= Tolerance ? null : ahead;
        if (_jump is not null && !stays)
            return;
        if (_jump is not null)
            LogJump(ahead);
        _jump = null;
        clock.AdoptMachine();
        (_isTrusted, _isKnown) = (true, true);
    }

    private async Task<Difference?> CompareAsync(IReferenceClock reference, DateTimeOffset instant, long timestamp, CancellationToken cancellation)
    {
        try
        {
            var there = await reference.ReadAsync(cancellation).WaitAsync(Patience, machine, cancellation);
            var took = machine.GetElapsedTime(timestamp);
            if (took > Patience)
                throw new TimeoutException($"the answer took {took.TotalSeconds:0.0} s, and tells nothing");
            return new Difference(reference.Name, there - (instant + (took / 2)), took / 2);
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            LogAway(reference.Name, away.GetType().Name, away.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 1501, Level = LogLevel.Error, Message = "This machine's clock is wrong, nothing is dispatched until it is right: {Differences}")]
    private partial void LogOut(string differences);

    [LoggerMessage(EventId = 1502, Level = LogLevel.Information, Message = "This machine's clock is right: {Differences}")]
    private partial void LogIn(string differences);

    [LoggerMessage(EventId = 1503, Level = LogLevel.Warning, Message = "The machine's clock went {Jump} ahead, and stays")]
    private partial void LogJump(TimeSpan jump);

    [LoggerMessage(EventId = 1504, Level = LogLevel.Debug, Message = "The clock of {Reference} cannot be read: {Kind}: {Reason}")]
    private partial void LogAway(string reference, string kind, string reason);

    /// <summary>How far a reference is ahead of the machine, give or take half of the time that it took to ask.</summary>
    private sealed record Difference(string Reference, TimeSpan Ahead, TimeSpan GiveOrTake)
    {
        public bool Agrees => Ahead.Duration() - GiveOrTake <= Tolerance;

        public override string ToString() => $"{Reference} is {Ahead.TotalMilliseconds:0} ms ahead";
    }
}
