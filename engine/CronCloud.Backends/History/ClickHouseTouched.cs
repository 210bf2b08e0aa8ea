using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>
/// Which minutes are to be counted anew. Every write notes its minutes, by whatever way it comes into the table, and the note is on disk with it: whoever counts next, also after a kill, finds
/// all. A minute is counted again until a count began well after its last write.
/// </summary>
internal sealed class ClickHouseTouched(ClickHouseClient client, ClickHouseReads reads, TimeProvider time)
{
    /// <summary>
    /// Of <c>written_at</c> and <c>counted_at</c> of a group: a write notes its minutes some time before its rows can be read, but not longer before than it may take
    /// (<see cref="ClickHouseReads.Limit"/>).
    /// </summary>
    public const string IsStale = "max(counted_at) < max(written_at) + INTERVAL 20 SECOND";

    /// <summary>So many are counted by one statement at first.</summary>
    private const int Most = 10;

    private const int MostListed = 2_000;

    /// <summary>Notes of writes are looked at so much longer than those that are known.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(5);

    private DateTimeOffset _from = DateTimeOffset.UnixEpoch;
    private int _most = Most;

    /// <summary>Counts some; true when there are more that were not counted since the instant.</summary>
    public async Task<bool> CountAsync(DateTimeOffset countedBefore, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var stale = await ListAsync(cancellation);
        if (stale.Count < MostListed)
            _from = stale.Select(m => m.WrittenAt).Append(now).Min() - Overlap;
        var due = stale.Where(m => m.CountedAt < countedBefore).Take(_most + 1).ToList();
        if (due.Count == 0)
            return false;
        try
        {
            await ClickHouseMinutes.CountAsync(client, [.. due.Take(_most)], cancellation);
            _most = Math.Min(Most, _most + 1);
        }
        catch (ClickHouseServerException ended) when (ClickHouseReads.IsTooBroad(ended) && _most > 1)
        {
            _most = Math.Max(1, _most / 2);
            return true;
        }

        return due.Count > _most;
    }

    private Task<List<TouchedMinute>> ListAsync(CancellationToken cancellation)
    {
        var touched = $"FROM {ClickHouseSchema.TouchedMinutes} WHERE written_at >= {ClickHouseReads.Instant(_from)}";
        return reads.ReadAsync(
            $"""
            SELECT tenant, minute, toUnixTimestamp64Milli(max(written_at)) AS written, toUnixTimestamp64Milli(max(counted_at)) AS counted FROM (
              SELECT tenant, minute, written_at, toDateTime64(0, 9) AS counted_at {touched}
              UNION ALL SELECT tenant, minute, toDateTime64(0, 9), counted_at FROM {ClickHouseSchema.MinuteStates} WHERE (tenant, minute) IN (SELECT tenant, minute {touched}))
            GROUP BY tenant, minute HAVING written > 0 AND {IsStale}
            ORDER BY counted, minute DESC LIMIT {MostListed}
            """,
            new ClickHouseParameterCollection(),
            reader => new TouchedMinute(
                reader.GetString(0),
                ClickHouseHistoryRows.Instant(reader.GetDateTime(1)),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(3))),
            cancellation);
    }
}

/// <summary>A minute whose count is older than what was written last.</summary>
internal sealed record TouchedMinute(string Tenant, DateTimeOffset Minute, DateTimeOffset WrittenAt, DateTimeOffset CountedAt);
