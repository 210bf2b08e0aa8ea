using System.Text;
using CronCloud.Core;
using CronCloud.Core.Cluster;
using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>The due index in Redis: every step is one Lua script on one partition's keys.</summary>
public sealed class RedisDueIndex(RedisConnection connection) : IDueIndex, IPartitionLeases, IRoster
{
    /// <summary>Steps in one script: a script keeps all others waiting, and Lua passes a command no more than a few thousand arguments.</summary>
    private const int StepsAtOnce = 1_000;

    /// <summary>Fewer where many partitions may arm thousands side by side: what is due waits in line behind them.</summary>
    private const int ArmedAtOnce = 250;

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
        foreach (var part in entries.Chunk(ArmedAtOnce))
            await RunAsync(RedisScript.Arm, RedisKeys.Of(partition).Entries, [RedisKeys.WakeChannel.ToString(), partition, .. part.SelectMany(RedisPacking.Arguments)], cancellation);
    }

    public async Task<DueScan> ScanAsync(int partition, DueQuery query, CancellationToken cancellation) =>
        RedisPacking.Scan((RedisValue[])(await RunAsync(RedisScript.Scan, RedisKeys.Of(partition).Entries, RedisPacking.Arguments(query), cancellation))!);

    public async Task<IReadOnlyList<SlotState>> ClaimAsync(int partition, IReadOnlyList<SlotClaim> claims, CancellationToken cancellation)
    {
        var states = await RunAsync(RedisScript.Claim, RedisKeys.Of(partition).Claims, [.. claims.SelectMany(RedisPacking.Arguments)], cancellation);
        return Array.ConvertAll((int[])states!, state => (SlotState)state);
    }

    public Task<IReadOnlyList<bool>> AdvanceAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation) =>
        InPartsAsync(advances, part => AdvanceTogetherAsync(partition, part, now, cancellation));

    public Task<IReadOnlyList<Landed>> LandAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation) =>
        InPartsAsync(landings, part => LandTogetherAsync(partition, part, now, cancellation));

    public async Task<IReadOnlyList<Flight>> ReadFlightsAsync(int partition, DateTimeOffset before, int limit, CancellationToken cancellation)
    {
        RedisValue until = before == DateTimeOffset.MaxValue ? "+inf" : before.ToUnixTimeMilliseconds();
        var result = await RedisScript.Flights.RunAsync(Redis, RedisKeys.Of(partition).Flights, [until, limit]).WaitAsync(cancellation);
        var values = (RedisValue[])result!;
        var flights = new Flight[values.Length / 3];
        for (var i = 0; i < flights.Length; i++)
            flights[i] = new Flight(values[3 * i]!, RedisPacking.Instant(values[(3 * i) + 1])!.Value, (byte[])values[(3 * i) + 2]!);
        return flights;
    }

    public async Task<ReadOnlyMemory<byte>?> FindFlightAsync(int partition, string id, CancellationToken cancellation) =>
        (byte[]?)await Redis.HashGetAsync(RedisKeys.Of(partition).Flights[1], id).WaitAsync(cancellation) is { } execution ? execution : default(ReadOnlyMemory<byte>?);

    public Task<IReadOnlyList<bool>> ExtendFlightsAsync(int partition, IReadOnlyList<Extension> extensions, CancellationToken cancellation) =>
        InPartsAsync(extensions, part => ExtendTogetherAsync(partition, part, cancellation));

    public async Task<DueEntry?> FindAsync(int partition, string key, CancellationToken cancellation)
    {
        var keys = RedisKeys.Of(partition);
        var due = Redis.SortedSetScoreAsync(keys.Entries[0], key);
        var stored = Redis.HashGetAsync(keys.Entries[1], key);
        var parked = key.LastIndexOf('@') is > 0 and var at ? Redis.HashGetAsync(keys.Slots[1], key[..at]) : Task.FromResult(RedisValue.Null);
        await Task.WhenAll(due, stored, parked).WaitAsync(cancellation);
        if ((byte[]?)await parked is { } waiting && waiting.AsSpan().IndexOf((byte)'\n') is var line && Encoding.UTF8.GetString(waiting, 0, line) == key)
            return RedisPacking.Entry(key, DateTimeOffset.MaxValue, waiting[(line + 1)..]);
        return await due is { } score ? RedisPacking.Entry(key, RedisPacking.Due(score), await stored) : null;
    }

    public async Task<IReadOnlyDictionary<string, DueStamp>> StampAsync(int partition, IReadOnlyList<string> keys, CancellationToken cancellation)
    {
        var values = await InPartsAsync(keys, async part => (RedisValue[])(await RunAsync(RedisScript.Stamp, RedisKeys.Of(partition).Entries[..2], [.. part.Select(k => (RedisValue)k)], cancellation))!);
        var stamps = new Dictionary<string, DueStamp>(keys.Count);
        for (var i = 0; i < keys.Count; i++)
        {
            if (RedisPacking.Stamp(keys[i], values[3 * i], values[(3 * i) + 1], values[(3 * i) + 2]) is { } stamp)
                stamps[keys[i]] = stamp;
        }

        return stamps;
    }

    public async Task<Page<DueStamp>> ListAsync(int partition, string? cursor, int limit, CancellationToken cancellation)
    {
        var scanned = (RedisResult[])(await Redis.ExecuteAsync("ZSCAN", RedisKeys.Of(partition).Entries[0], cursor ?? "0", "COUNT", limit).WaitAsync(cancellation))!;
        var found = (string[])scanned[1]!;
        var stamps = found.Length == 0 ? null : await StampAsync(partition, [.. found.Where((_, i) => i % 2 == 0)], cancellation);
        return new Page<DueStamp>([.. stamps?.Values ?? []], (string)scanned[0]! is "0" ? null : (string)scanned[0]!);
    }

    public async Task<int> RemoveAsync(int partition, IReadOnlyList<DueStamp> stamps, CancellationToken cancellation) => (int)await RunAsync(
        RedisScript.Remove, RedisKeys.Of(partition).Entries, [.. stamps.SelectMany(RedisPacking.Arguments)], cancellation);

    public async Task<IReadOnlyList<SlotClaim>> ReadSlotsAsync(int partition, CancellationToken cancellation) =>
        [.. (await Redis.HashGetAllAsync(RedisKeys.Of(partition).Slots[0]).WaitAsync(cancellation)).Select(slot => new SlotClaim(slot.Name!, slot.Value!))];

    /// <summary>By a script: the client takes INFO for an administrator's command.</summary>
    public async Task<string> ReadIncarnationAsync(CancellationToken cancellation) =>
        (string?)await RunAsync(RedisScript.Incarnation, [RedisKeys.Of(0).Epoch], [], cancellation) ?? throw new InvalidOperationException("Redis does not tell its run id.");

    public async Task<string> BeginBuildAsync(int partition, CancellationToken cancellation)
    {
        var build = Guid.NewGuid().ToString("N");
        await RunAsync(RedisScript.Begin, RedisKeys.Of(partition).Entries, [build], cancellation);
        return build;
    }

    public async Task<bool> EndBuildAsync(int partition, string build, string incarnation, CancellationToken cancellation) =>
        (int)await RunAsync(RedisScript.Built, [RedisKeys.Of(partition).Epoch, RedisKeys.Of(partition).Entries[0]], [build, incarnation], cancellation) == 1;

    public async Task<RollCall> AnnounceAsync(string roster, string name, TimeSpan life, CancellationToken cancellation)
    {
        var answer = (RedisResult[])(await RedisScript.Announce.RunAsync(Redis, RedisKeys.Roster(roster), [name, (long)life.TotalMilliseconds]).WaitAsync(cancellation))!;
        return new RollCall([.. ((string[])answer[1]!).Order(StringComparer.Ordinal)], TimeSpan.FromMilliseconds((long)answer[0]));
    }

    public Task LeaveAsync(string roster, string name, CancellationToken cancellation) => Redis.SortedSetRemoveAsync(RedisKeys.RosterNames(roster), name).WaitAsync(cancellation);

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

    private async Task<bool[]> AdvanceTogetherAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation)
    {
        RedisValue tombstoneDue = (now + DueEntry.TombstoneLife).ToUnixTimeMilliseconds();
        RedisValue forgotten = (now - Landing.Remembered).ToUnixTimeMilliseconds();
        var moved = await RunAsync(RedisScript.Advance, RedisKeys.Of(partition).All, [forgotten, now.ToUnixTimeMilliseconds(), .. advances.SelectMany(a => RedisPacking.Arguments(a, tombstoneDue))], cancellation);
        return Array.ConvertAll((RedisValue[])moved!, one => one == 1);
    }

    private async Task<Landed[]> LandTogetherAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation)
    {
        RedisValue[] header = [RedisKeys.WakeChannel.ToString(), partition, now.ToUnixTimeMilliseconds(), (now + DueEntry.TombstoneLife).ToUnixTimeMilliseconds(), (now + Landing.ClocksDiffer).ToUnixTimeMilliseconds()];
        var landed = await RunAsync(RedisScript.Land, RedisKeys.Of(partition).All, [.. header, .. landings.SelectMany(RedisPacking.Arguments)], cancellation);
        return Array.ConvertAll((RedisValue[])landed!, one => (Landed)(int)one);
    }

    private async Task<bool[]> ExtendTogetherAsync(int partition, IReadOnlyList<Extension> extensions, CancellationToken cancellation)
    {
        var arguments = extensions.SelectMany(e => (RedisValue[])[e.Old.Id, e.Old.Deadline.ToUnixTimeMilliseconds(), e.Renewed.Deadline.ToUnixTimeMilliseconds(), e.Renewed.Payload]);
        var extended = (int[])(await RunAsync(RedisScript.Extend, RedisKeys.Of(partition).Flights, [.. arguments], cancellation))!;
        return Array.ConvertAll(extended, one => one == 1);
    }

    private static async Task<IReadOnlyList<TAnswer>> InPartsAsync<T, TAnswer>(IReadOnlyList<T> steps, Func<IReadOnlyList<T>, Task<TAnswer[]>> run)
    {
        if (steps.Count <= StepsAtOnce)
            return await run(steps);
        var answers = new List<TAnswer>(steps.Count);
        foreach (var part in steps.Chunk(StepsAtOnce))
            answers.AddRange(await run(part));
        return answers;
    }

    private Task<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellation) =>
        script.RunAsync(Redis, keys, arguments).WaitAsync(cancellation);
}
