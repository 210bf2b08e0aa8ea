namespace CronCloud.Core.Schedules;

/// <summary>
/// What the clocks of a zone show. It asks only for offsets at instants: .NET's own questions about local times (is it invalid, is it
/// ambiguous) go wrong where winter time is the daylight saving time, as in Casablanca and Dublin.
/// </summary>
internal sealed class WallClock(TimeZoneInfo zone)
{
    /// <summary>No zone repeats or skips more than this at once, but for moves across the date line.</summary>
    private static readonly TimeSpan LongestShift = TimeSpan.FromHours(4);

    /// <summary>No zone changes its clocks twice within this.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromHours(24);

    public TimeSpan OffsetAt(DateTime utc) => zone.GetUtcOffset(utc);

    /// <summary>The first change of clocks in (from, to]; null when there is none. To the second.</summary>
    public DateTime? NextChange(DateTime from, DateTime to)
    {
        var offset = OffsetAt(from);
        for (var before = from; before < to;)
        {
            var after = to - before > Step ? before + Step : to;
            if (OffsetAt(after) != offset)
                return Bisect(before, after, offset);
            before = after;
        }

        return null;
    }

    /// <summary>Whether the clocks have shown this local time before, a moment ago: the second pass of an overlap.</summary>
    public bool IsSecondPass(DateTime utc)
    {
        var local = utc + OffsetAt(utc);
        var earlier = local - OffsetAt(utc - LongestShift);
        return earlier < utc && earlier + OffsetAt(earlier) == local;
    }

    private DateTime Bisect(DateTime before, DateTime after, TimeSpan offset)
    {
        while (after - before > TimeSpan.FromSeconds(1))
        {
            var middle = before + ((after - before) / 2);
            if (OffsetAt(middle) == offset)
                before = middle;
            else
                after = middle;
        }

        return new DateTime(after.Ticks - (after.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);
    }
}
