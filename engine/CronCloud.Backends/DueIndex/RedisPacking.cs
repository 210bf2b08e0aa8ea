using System.Buffers.Text;
using System.Globalization;
using CronCloud.Core.Due;
using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>How entries and steps are told to the scripts, and read back. An entry is <c>version[,until ms]|payload</c>.</summary>
internal static class RedisPacking
{
    /// <summary>Scores of left-overs are less by this: one sorted set has two lanes.</summary>
    private const long Lane = 10_000_000_000_000;

    public static RedisValue[] Arguments(DueQuery query) =>
        [query.Now.ToUnixTimeMilliseconds(), query.Limit, query.OverdueBefore.ToUnixTimeMilliseconds(), query.LeftOverLimit, query.Reached.ToUnixTimeMilliseconds()];

    public static RedisValue[] Arguments(DueEntry entry) =>
        [entry.Key, entry.Version, Score(entry.Due, entry.IsLeftOver), entry.Payload, Ms(entry.Until), Ms(entry.Since), entry.Raises ? 1 : 0];

    public static RedisValue[] Arguments(Advance advance, RedisValue tombstoneDue)
    {
        var (entry, next, flight) = advance;
        return
        [
            entry.Key,
            entry.Version,
            Score(entry.Due, entry.IsLeftOver),
            next is { } due ? Score(due, entry.IsLeftOver) : entry.LeavesNothing ? "drop" : "bury",
            tombstoneDue,
            flight?.Id ?? "",
            flight?.Deadline.ToUnixTimeMilliseconds() ?? 0,
            flight?.Payload ?? ReadOnlyMemory<byte>.Empty,
            advance.LeftOver?.Key ?? "",
            Ms(advance.LeftOver?.Until),
            advance.LeftOver is { } left ? Score(left.Due, isLeftOver: true) : "",
            advance.Park?.Claim.Job ?? "",
            advance.Park?.Entry.Key ?? "",
            Ms(advance.Park?.Entry.Due),
            advance.Park is { } park ? Pack(park.Entry) : "",
            advance.Slot?.Job ?? "",
            advance.Slot?.Execution ?? "",
        ];
    }

    public static RedisValue[] Arguments(Landing landing) =>
    [
        landing.FlightId ?? "",
        landing.Retry?.Key ?? "",
        landing.Retry?.Version ?? 0,
        Ms(landing.Retry?.Due),
        landing.Retry?.Payload ?? ReadOnlyMemory<byte>.Empty,
        landing.Frees?.Job ?? "",
        landing.Frees?.Execution ?? "",
        landing.Succeeded ? "1" : landing.FailedForGood ? "0" : "",
    ];

    public static RedisValue[] Arguments(SlotClaim claim) =>
        claim.Seen is { } seen
            ? [claim.Job, claim.Execution, seen.Key, seen.Version, Score(seen.Due, seen.IsLeftOver), claim.AttemptId ?? ""]
            : [claim.Job, claim.Execution, "", "", "", claim.AttemptId ?? ""];

    public static RedisValue[] Arguments(DueStamp stamp) => [stamp.Key, stamp.Version, Score(stamp.Due, stamp.IsLeftOver)];

    public static DueScan Scan(RedisValue[] values)
    {
        const int header = 8;
        var leftOvers = (int)values[7];
        var entries = new List<DueEntry>((values.Length - header) / 3);
        for (var i = header; i < values.Length; i += 3)
            entries.Add(Entry(values[i]!, Due(values[i + 1]), values[i + 2]));
        return new DueScan
        {
            IsBuilt = values[0] == 1,
            Incarnation = values[1].IsNullOrEmpty ? null : (string)values[1]!,
            Reached = Instant(values[2]),
            Oldest = Instant(values[3]),
            NextDue = Instant(values[4]),
            IsFull = values[5] == 1,
            HasMoreLeftOvers = values[6] == 1,
            LeftOvers = entries[..leftOvers],
            Entries = entries[leftOvers..],
        };
    }

    public static DueStamp? Stamp(string key, RedisValue score, RedisValue version, RedisValue isTombstone) =>
        score.IsNullOrEmpty ? null : new DueStamp(key, (long)version, Due(score), isTombstone == 1, (double)score < 0);

    /// <summary>An entry whose payload was lost reads as a tombstone of version 0: the loop drops it, the record arms it anew.</summary>
    public static DueEntry Entry(string key, DateTimeOffset due, RedisValue stored)
    {
        ReadOnlyMemory<byte> bytes = (byte[]?)stored ?? [];
        if (!Utf8Parser.TryParse(bytes.Span, out long version, out var at) || at >= bytes.Length)
            return new DueEntry(key, 0, due, default);
        DateTimeOffset? until = null;
        if (bytes.Span[at] == (byte)',' && Utf8Parser.TryParse(bytes.Span[(at + 1)..], out long untilMs, out var length))
        {
            until = DateTimeOffset.FromUnixTimeMilliseconds(untilMs);
            at += 1 + length;
        }

        return new DueEntry(key, version, due, bytes[(at + 1)..]) { Until = until };
    }

    public static DateTimeOffset Due(RedisValue score) => DateTimeOffset.FromUnixTimeMilliseconds((long)(double)score is var ms && ms < 0 ? ms + Lane : ms);

    public static DateTimeOffset? Instant(RedisValue ms) => ms.IsNullOrEmpty ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)(double)ms);

    private static RedisValue Score(DateTimeOffset due, bool isLeftOver) => due.ToUnixTimeMilliseconds() - (isLeftOver ? Lane : 0);

    private static byte[] Pack(DueEntry entry) => [.. System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{entry.Version}|")), .. entry.Payload.Span];

    private static RedisValue Ms(DateTimeOffset? instant) => instant is { } at ? at.ToUnixTimeMilliseconds() : "";
}
