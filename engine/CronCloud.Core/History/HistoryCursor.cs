namespace CronCloud.Core.History;

/// <summary>The last execution of a page: the next page goes on behind it.</summary>
public sealed record HistoryCursor(DateTimeOffset ScheduledAt, string ExecutionId)
{
    /// <summary>Later, and before 1970, there are no due times.</summary>
    private const long LatestMs = 200_000_000_000_000;

    public override string ToString() => Cursor.Of(ScheduledAt.ToUnixTimeMilliseconds(), ExecutionId);

    public static HistoryCursor Parse(string text)
    {
        var (ms, id) = Cursor.ReadNumbered(text);
        return ms is >= 0 and <= LatestMs ? new HistoryCursor(DateTimeOffset.FromUnixTimeMilliseconds(ms), id) : throw Cursor.NotOurs();
    }
}
