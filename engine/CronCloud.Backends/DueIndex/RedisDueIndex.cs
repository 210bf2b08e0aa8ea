using System.Buffers.Text;
using CronCloud.Core.Cluster;
using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>The due index in Redis: every step is one Lua script on one partition's keys.</summary>
public sealed class RedisDueIndex(RedisConnection connection) : IDueIndex, IPartitionLeases, IRoster
{
    private Action<int>? _woken;

    public event Action<int> Woken
    {
        add
        {
            if (_woken is null)
                connection.Listen(RedisKeys.WakeChannel, OnWake, onReconnect: WakeAll);
            _woken += value;
        }
        remove => _woken -= value;
    }

    private IDatabase Redis => connection.Database;

    public async Task ArmAsync(int partition, IReadOnlyList<DueEntry> entries, CancellationToken cancellation)
    {
        var arguments = new RedisValue[2 + (4 * entries.Count)];
        arguments[0] = RedisKeys.WakeChannel.ToString();
        arguments[1] = partition;
        for (var i = 0; i < entries.Count; i++)
            Put(arguments, 2 + (4 * i), entries[i]);
        await RedisScript.Arm.RunAsync(Redis, RedisKeys.Of(partition).Entries, arguments).WaitAsync(cancellation);
    }

    public async Task<DueScan> ScanAsync(int partition, DateTimeOffset now, int limit, CancellationToken cancellation)
    {
        var result = await RedisScript.Scan.RunAsync(Redis, RedisKeys.Of(partition).Scan, [now.ToUnixTimeMilliseconds(), limit]).WaitAsync(cancellation);
        var values = (RedisValue[])result!;
        var entries = new DueEntry[(values.Length - 2) / 3];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = Entry(values[2 + (3 * i)]!, Instant(values[3 + (3 * i)]), values[4 + (3 * i)]);
        return new DueScan(values[0] == 1, entries, values[1].IsNullOrEmpty ? null : Instant(values[1]));
    }

    public async Task<IReadOnlyList<bool>> AdvanceAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation)
    {
        var tombstoneDue = (now + DueEntry.TombstoneLife).ToUnixTimeMilliseconds();
        var arguments = new RedisValue[1 + (8 * advances.Count)];
        arguments[0] = (now - Landing.Remembered).ToUnixTimeMilliseconds();
        for (var i = 0; i < advances.Count; i++)
        {
            var (entry, next, flight) = advances[i];
            arguments[(8 * i) + 1] = entry.Key;
            arguments[(8 * i) + 2] = entry.Version;
            arguments[(8 * i) + 3] = entry.Due.ToUnixTimeMilliseconds();
            arguments[(8 * i) + 4] = next is { } due ? due.ToUnixTimeMilliseconds() : entry.IsTombstone ? "drop" : "bury";
            arguments[(8 * i) + 5] = tombstoneDue;
            arguments[(8 * i) + 6] = flight?.Id ?? "";
            arguments[(8 * i) + 7] = flight?.Deadline.ToUnixTimeMilliseconds() ?? 0;
            arguments[(8 * i) + 8] = flight?.Payload ?? ReadOnlyMemory<byte>.Empty;
        }

        var result = await RedisScript.Advance.RunAsync(Redis, RedisKeys.Of(partition).All, arguments).WaitAsync(cancellation);
        return Array.ConvertAll((RedisValue[])result!, moved => moved == 1);
    }

    public async Task LandAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation)
    {
        var arguments = new RedisValue[3 + (5 * landings.Count)];
        arguments[0] = RedisKeys.WakeChannel.ToString();
        arguments[1] = partition;
        arguments[2] = now.ToUnixTimeMilliseconds();
        for (var i = 0; i < landings.Count; i++)
        {
            arguments[3 + (5 * i)] = landings[i].FlightId;
            Put(arguments, 4 + (5 * i), landings[i].Retry ?? new DueEntry("", 0, DateTimeOffset.UnixEpoch, default));
        }

        await RedisScript.Land.RunAsync(Redis, RedisKeys.Of(partition).All, arguments).WaitAsync(cancellation);
    }

    public async Task<IReadOnlyList<Flight>> ReadFlightsAsync(int partition, DateTimeOffset before, int limit, CancellationToken cancellation)
    {
        RedisValue until = before == DateTimeOffset.MaxValue ? "+inf" : before.ToUnixTimeMilliseconds();
        var result = await RedisScript.Flights.RunAsync(Redis, RedisKeys.Of(partition).Flights, [until, limit]).WaitAsync(cancellation);
        var values = (RedisValue[])result!;
        var flights = new Flight[values.Length / 3];
        for (var i = 0; i < flights.Length; i++)
            flights[i] = new Flight(values[3 * i]!, Instant(values[(3 * i) + 1]), (byte[])values[(3 * i) + 2]!);
        return flights;
    }

    public async Task<bool> ExtendFlightAsync(int partition, Flight old, Flight renewed, CancellationToken cancellation)
    {
        RedisValue[] arguments = [old.Id, old.Deadline.ToUnixTimeMilliseconds(), renewed.Deadline.ToUnixTimeMilliseconds(), renewed.Payload];
        return (int)await RedisScript.Extend.RunAsync(Redis, RedisKeys.Of(partition).Flights, arguments).WaitAsync(cancellation) == 1;
    }

    public async Task<DueEntry?> FindAsync(int partition, string key, CancellationToken cancellation)
    {
        var keys = RedisKeys.Of(partition).Entries;
        var due = Redis.SortedSetScoreAsync(keys[0], key);
        var stored = Redis.HashGetAsync(keys[1], key);
        await Task.WhenAll(due, stored).WaitAsync(cancellation);
        return await due is { } at ? Entry(key, DateTimeOffset.FromUnixTimeMilliseconds((long)at), await stored) : null;
    }

    public async Task<bool> IsBuiltAsync(int partition, CancellationToken cancellation) =>
        await Redis.StringGetAsync(RedisKeys.Of(partition).Epoch).WaitAsync(cancellation) == "built";

    public async Task<string> BeginBuildAsync(int partition, CancellationToken cancellation)
    {
        var build = Guid.NewGuid().ToString("N");
        await Redis.StringSetAsync(RedisKeys.Of(partition).Epoch, build).WaitAsync(cancellation);
        return build;
    }

    public async Task<bool> EndBuildAsync(int partition, string build, CancellationToken cancellation) =>
        (int)await RedisScript.Built.RunAsync(Redis, [RedisKeys.Of(partition).Epoch], [build]).WaitAsync(cancellation) == 1;

    public async Task<IReadOnlyList<string>> AnnounceAsync(string roster, string name, TimeSpan life, CancellationToken cancellation)
    {
        var alive = await RedisScript.Announce.RunAsync(Redis, [RedisKeys.Roster(roster)], [name, (long)life.TotalMilliseconds]).WaitAsync(cancellation);
        return [.. ((string[])alive!).Order(StringComparer.Ordinal)];
    }

    public Task LeaveAsync(string roster, string name, CancellationToken cancellation) => Redis.SortedSetRemoveAsync(RedisKeys.Roster(roster), name).WaitAsync(cancellation);

    public async Task<IReadOnlySet<int>> AcquireAsync(string owner, IReadOnlyCollection<int> partitions, TimeSpan life, CancellationToken cancellation)
    {
        RedisValue[] arguments = [owner, (long)life.TotalMilliseconds];
        var held = await Task.WhenAll(partitions.Select(async p => (Partition: p, Held: (int)await RedisScript.Lease.RunAsync(Redis, [RedisKeys.Of(p).Lease], arguments))))
            .WaitAsync(cancellation);
        return held.Where(h => h.Held == 1).Select(h => h.Partition).ToHashSet();
    }

    public Task ReleaseAsync(string owner, IReadOnlyCollection<int> partitions, CancellationToken cancellation) =>
        Task.WhenAll(partitions.Select(p => RedisScript.Release.RunAsync(Redis, [RedisKeys.Of(p).Lease], [owner]))).WaitAsync(cancellation);

    private void OnWake(RedisValue message)
    {
        if (message.TryParse(out int partition) && partition is >= 0 and < Partitions.Count)
            _woken?.Invoke(partition);
    }

    /// <summary>Wakes sent while the connection was broken are lost: every partition looks once.</summary>
    private void WakeAll()
    {
        for (var partition = 0; partition < Partitions.Count; partition++)
            _woken?.Invoke(partition);
    }

    private static void Put(RedisValue[] arguments, int at, DueEntry entry)
    {
        arguments[at] = entry.Key;
        arguments[at + 1] = entry.Version;
        arguments[at + 2] = entry.Due.ToUnixTimeMilliseconds();
        arguments[at + 3] = entry.Payload;
    }

    /// <summary>An entry whose payload was lost reads as a tombstone of version 0: the loop drops it, the record arms it anew.</summary>
    private static DueEntry Entry(string key, DateTimeOffset due, RedisValue stored)
    {
        ReadOnlyMemory<byte> bytes = (byte[]?)stored ?? [];
        return Utf8Parser.TryParse(bytes.Span, out long version, out var length)
            ? new DueEntry(key, version, due, bytes[(length + 1)..])
            : new DueEntry(key, 0, due, default);
    }

    private static DateTimeOffset Instant(RedisValue ms) => DateTimeOffset.FromUnixTimeMilliseconds((long)(double)ms);
}
