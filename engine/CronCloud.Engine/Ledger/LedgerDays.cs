using CronCloud.Core.Ledger;
using CronCloud.Core.Streams;

namespace CronCloud.Engine.Ledger;

/// <summary>A tenant's ledger of a day: the hours that are closed, and of a small tenant the rest up to a moment ago.</summary>
/// <param name="parts">Where to read.</param>
/// <param name="store">The closed hours.</param>
/// <param name="time">The time.</param>
/// <param name="outcomes">Whether history has taken all of them; null where no outcomes are read: then no difference of an open hour is told.</param>
public sealed class LedgerDays(LedgerParts parts, ILedgerStore store, TimeProvider time, IOutcomeStream? outcomes = null)
{
    /// <summary>A tenant with more jobs is told up to its last closed hour.</summary>
    public const int SmallTenant = 2_000;

    /// <summary>What was due since may well be under way.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(90);

    /// <summary>An outcome that was settled is in history within this as a rule; what is missing is looked at once more then.</summary>
    private static readonly TimeSpan HistoryLag = TimeSpan.FromSeconds(1);

    /// <summary>The open hours are compared as long as it takes no longer than this.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Null when the day is over, and no ledger was kept then.</summary>
    public async Task<LedgerDay?> ReadAsync(string tenant, DateTimeOffset day, CancellationToken cancellation)
    {
        var (end, now) = (day + TimeSpan.FromDays(1), time.GetUtcNow());
        var hours = (await store.ReadAsync(tenant, day, end, cancellation)).ToList();
        if (hours.Count == 0 && end + LedgerScan.Margin <= now)
            return null;
        var from = hours.Count > 0 ? hours[0].From : day;
        var closed = hours.Count > 0 ? hours[^1].To : day;
        var settled = DateTimeOffset.FromUnixTimeMilliseconds((now - Settling).ToUnixTimeMilliseconds());
        if (closed < end && closed < settled && await parts.Revisions.CountJobsAsync(tenant, SmallTenant + 1, cancellation) <= SmallTenant)
            await AddOpenHoursAsync(hours, tenant, closed, end < settled ? end : settled, cancellation);
        return new LedgerDay(day, from, hours.Count > 0 ? hours[^1].To : from, closed, hours);
    }

    private async Task AddOpenHoursAsync(List<LedgerHour> hours, string tenant, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        while (from < until && time.GetElapsedTime(began) < Patience)
        {
            var to = from + LedgerScan.Hour < until ? from + LedgerScan.Hour : until;
            var asOf = time.GetUtcNow();
            var hour = await ReckonAsync(tenant, from, to, cancellation);
            if (hour.Missing > 0)
            {
                await Task.Delay(HistoryLag, time, cancellation);
                if (!await HasTakenAllAsync(asOf, cancellation))
                    return;
                hour = await ReckonAsync(tenant, from, to, cancellation);
            }

            hours.Add(hour);
            from = to;
        }
    }

    /// <summary>What neither history nor the due index had at the instant has an outcome from before: while history may not have taken it, the hour is not told.</summary>
    private async Task<bool> HasTakenAllAsync(DateTimeOffset asOf, CancellationToken cancellation) =>
        outcomes is not null && !(await outcomes.ReadOldestAsync(OutcomeReader.History, cancellation) <= asOf) && await parts.History.IsWholeAsync(cancellation);

    private async Task<LedgerHour> ReckonAsync(string tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var reckoning = new Reckoning(parts, tenant, from, to);
        while (!reckoning.HasEnded)
            await reckoning.StepAsync(cancellation);
        return reckoning.Result with { Counts = await reckoning.CountAsync(cancellation) };
    }
}

/// <param name="Day">When the day begins, in UTC.</param>
/// <param name="From">What was due from here is told: the beginning of the day, or of the ledger.</param>
/// <param name="To">What was due before here is told.</param>
/// <param name="ClosedTo">Up to here the hours are closed; what was due since is told as of now.</param>
/// <param name="Hours">In order, one after the other.</param>
public sealed record LedgerDay(DateTimeOffset Day, DateTimeOffset From, DateTimeOffset To, DateTimeOffset ClosedTo, IReadOnlyList<LedgerHour> Hours);
