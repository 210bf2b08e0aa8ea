using CronCloud.Core.Jobs;
using CronCloud.Core.Ledger;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Ledger;

/// <summary>
/// Closes the ledger hour by hour: each tenant's by the node that scans the partition of the tenant's name, a page of jobs at a run. An hour is closed some time after
/// its end and when history has taken all outcomes; one that differs or has occurrences without an outcome is compared again, and one that agrees and may change is counted again for
/// a day.
/// </summary>
public sealed class LedgerScan(PartitionOwner owner, LedgerParts parts, ILedgerStore store, IOutcomeStream outcomes, LedgerAlarm alarm, TimeProvider time) : ILoop
{
    public static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>From the end of an hour to its first comparison.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromMinutes(15);

    /// <summary>From the first look at an hour to the second; the pause doubles each time, up to some five hours.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromMinutes(5);

    /// <summary>How far back a ledger begins, and how long an hour that agrees is counted again.</summary>
    private static readonly TimeSpan Back = TimeSpan.FromHours(24);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UnownedPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>History that lags by more than this has outcomes of the hour that it does not know yet.</summary>
    private static readonly TimeSpan LongestLag = TimeSpan.FromMinutes(1);

    /// <summary>History forgets after thirty days.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(29);

    private static readonly TimeSpan Kept = TimeSpan.FromDays(35);
    private const int MostUnsettled = 10_000;

    /// <summary>A step that fails so often in a row leaves its hour for a later round.</summary>
    private const int MostTries = 5;

    private readonly Queue<LedgerWork> _work = new();
    private LedgerWork? _at;
    private Reckoning? _reckoning;
    private int _tries;
    private DateTimeOffset _pruneAt;

    public string Name => "ledger scan";

    /// <summary>A step may list partitions of the due index.</summary>
    public TimeSpan Limit => TimeSpan.FromMinutes(1);

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        if (owner.Held.Count == 0)
        {
            alarm.Report([], null);
            return UnownedPause;
        }

        if (_reckoning is null && !await BeginAsync(cancellation))
            return Interval;
        var (work, reckoning) = (_at!, _reckoning!);
        if (!Keeps(work.Tenant) || ++_tries > MostTries)
            End();
        else if (work.Before is { Agrees: true } before)
            await WriteAsync(Looked(before with { Counts = await reckoning.CountAsync(cancellation) }, before), cancellation);
        else
            await CompareAsync(work, reckoning, cancellation);
        return Pause;
    }

    /// <summary>What was found stays when a step fails: it is taken again.</summary>
    private async Task CompareAsync(LedgerWork work, Reckoning reckoning, CancellationToken cancellation)
    {
        if (!reckoning.HasEnded)
            await reckoning.StepAsync(cancellation);
        if (reckoning.HasEnded)
            await CloseAsync(work, reckoning, cancellation);
        else
            _tries = 0;
    }

    private async Task WriteAsync(LedgerHour hour, CancellationToken cancellation)
    {
        await store.WriteAsync(hour, cancellation);
        End();
    }

    private void End() => (_reckoning, _tries) = (null, 0);

    private async Task<bool> BeginAsync(CancellationToken cancellation)
    {
        if (_work.Count == 0)
            await PlanAsync(cancellation);
        if (_work.Count > 0 && await LagsAsync(cancellation))
            _work.Clear();
        if (!_work.TryDequeue(out _at))
            return false;
        _reckoning = new Reckoning(parts, _at.Tenant, _at.From, _at.From + Hour);
        return true;
    }

    /// <summary>What there is to do now: the hours that are over, of each tenant the next one first, then those that are to be compared again.</summary>
    private async Task PlanAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var unsettled = (await store.ListUnsettledAsync(Floor(now) - Back, now - Remembered, MostUnsettled, cancellation)).Where(hour => Keeps(hour.Tenant)).ToList();
        var tenants = (await parts.Revisions.ListTenantsAsync(cancellation)).Where(tenant => Keeps(tenant.Tenant));
        var next = tenants.Select(tenant => new LedgerWork(tenant.Tenant, Next(tenant.LastHour, Floor(now)), null)).ToList();
        alarm.Report(unsettled, next.Count > 0 ? next.Min(work => work.From) + Hour : null);
        if (await LagsAsync(cancellation) || !await parts.History.IsWholeAsync(cancellation))
            return;
        if (now >= _pruneAt)
        {
            await store.PruneAsync(now - Kept, cancellation);
            _pruneAt = now + Hour;
        }

        foreach (var work in next.Where(work => work.From + Hour + Margin <= now).OrderBy(work => work.From))
            _work.Enqueue(work);
        foreach (var hour in unsettled.Where(hour => hour.LookedAt + (Again * Math.Pow(2, Math.Min(hour.Looks, 7) - 1)) <= now))
            _work.Enqueue(new LedgerWork(hour.Tenant, hour.From, hour));
    }

    private async Task CloseAsync(LedgerWork work, Reckoning reckoning, CancellationToken cancellation)
    {
        var hour = Looked(reckoning.Result with { Counts = await reckoning.CountAsync(cancellation) }, work.Before);
        await WriteAsync(hour, cancellation);
        alarm.Report(hour, work.Before);
        alarm.ReportUnreadable(work.Tenant, reckoning.Unreadable);
    }

    private async Task<bool> LagsAsync(CancellationToken cancellation) => await outcomes.ReadOldestAsync(OutcomeReader.History, cancellation) < time.GetUtcNow() - LongestLag;

    private LedgerHour Looked(LedgerHour hour, LedgerHour? before)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var isSame = before is not null && (before.Missing, before.Unexpected) == (hour.Missing, hour.Unexpected);
        return hour with { LookedAt = now, Looks = (before?.Looks ?? 0) + 1, DiffersSince = hour.Difference == 0 ? null : isSame ? before!.DiffersSince : now };
    }

    /// <summary>After a long standstill not from further back than history goes.</summary>
    private static DateTimeOffset Next(DateTimeOffset? last, DateTimeOffset now) =>
        last is not { } closed ? now - Back : closed + Hour > now - Remembered ? closed + Hour : now - Remembered;

    /// <summary>By the hash of its name, as jobs are spread.</summary>
    private bool Keeps(string tenant) => owner.Held.Contains((int)(StableHash.Of(tenant) % Partitions.Count));

    private static DateTimeOffset Floor(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % Hour.Ticks), TimeSpan.Zero);

    private sealed record LedgerWork(string Tenant, DateTimeOffset From, LedgerHour? Before);
}
