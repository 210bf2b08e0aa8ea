using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>
/// A query as several, each for the due times before those of the last one: an execution has one due time, so the newest are found without
/// looking at all of thirty days.
/// </summary>
internal static class HistoryWindows
{
    private static readonly TimeSpan[] Lengths = [TimeSpan.FromMinutes(5), TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromDays(1), TimeSpan.FromDays(7)];

    /// <summary>Of one job there is little to look at in an hour.</summary>
    private static readonly TimeSpan[] LengthsOfJob = [TimeSpan.FromDays(1), TimeSpan.FromDays(7)];

    public static IEnumerable<HistoryQuery> Of(HistoryQuery query, DateTimeOffset now)
    {
        var to = query.To;
        if (query.After is { } after && !(to <= after.ScheduledAt))
            to = after.ScheduledAt.AddMilliseconds(1);
        var newest = to < now ? to.Value : now;
        foreach (var length in query.JobId is null ? Lengths : LengthsOfJob)
        {
            if (newest <= DateTimeOffset.UnixEpoch || query.From >= newest - length)
                break;
            newest -= length;
            yield return query with { From = newest, To = to };
            to = newest;
        }

        yield return query with { To = to };
    }
}
