using System.Globalization;
using System.Text.Json.Nodes;
using CronCloud.Faults.Evidence;
using CronCloud.TestServers;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Npgsql;
using StackExchange.Redis;

namespace CronCloud.Faults.Running;

/// <summary>Looks into the servers themselves: it shares no line with the product, only the names and forms of what is stored.</summary>
internal sealed class StateReader(ClusterInstallation nodes, TimeProvider time)
{
    private const int Partitions = 256;

    /// <summary>Scores of left-overs are less by this.</summary>
    private const long LeftOverLane = 10_000_000_000_000;

    private static readonly (string Stream, string Consumer)[] Consumers = [("EXECUTIONS", "workers"), ("OUTCOMES", "settler"), ("OUTCOMES", "history")];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    public async Task<StoredState> ReadAsync()
    {
        var readers = await ReadStreamsAsync();
        var from = time.GetUtcNow();
        var jobs = await ReadRecordAsync();
        var (entries, flights) = await ReadIndexAsync();
        return new StoredState { From = from, Until = time.GetUtcNow(), Jobs = jobs, Entries = entries, Flights = flights, Readers = readers, CountedMissed = await CountMissedAsync() };
    }

    /// <summary>The nodes that hold a lease of a partition now.</summary>
    public async Task<IReadOnlySet<string>> ReadLeaseHoldersAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(nodes.Redis.ConnectionString);
        var holders = await redis.GetDatabase().StringGetAsync([.. Enumerable.Range(0, Partitions).Select(partition => (RedisKey)$"cc:{{{partition}}}:lease")]);
        return holders.Where(holder => holder.HasValue).Select(holder => holder.ToString()).ToHashSet();
    }

    private async Task<IReadOnlyList<StoredJob>> ReadRecordAsync()
    {
        await using var source = NpgsqlDataSource.Create(nodes.Postgres.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(
            """
            SELECT id, version, state, definition, ARRAY(SELECT r.version FROM revisions r WHERE r.tenant = j.tenant AND r.job_id = j.id ORDER BY r.version)
            FROM jobs j WHERE tenant = 'default'
            """);
        await using var rows = await command.ExecuteReaderAsync();
        var jobs = new List<StoredJob>();
        while (await rows.ReadAsync())
        {
            var url = (string)JsonNode.Parse(rows.GetString(3))!["target"]!["http"]!["url"]!;
            jobs.Add(new StoredJob(rows.GetString(0), rows.GetInt64(1), rows.GetInt32(2) == 0, new Uri(url).AbsolutePath, rows.GetFieldValue<long[]>(4)));
        }

        return jobs;
    }

    private async Task<(IReadOnlyList<StoredEntry> Entries, IReadOnlyList<StoredFlight> Flights)> ReadIndexAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(nodes.Redis.ConnectionString);
        var (entries, flights) = (new List<StoredEntry>(), new List<StoredFlight>());
        foreach (var (due, stored, inflight) in await Task.WhenAll(Enumerable.Range(0, Partitions).Select(partition => ReadPartitionAsync(redis.GetDatabase(), partition))))
        {
            var bodies = stored.ToDictionary(body => (string)body.Name!, body => (string)body.Value!);
            entries.AddRange(due.Select(entry => EntryOf((string)entry.Element!, entry.Score, bodies)).OfType<StoredEntry>());
            flights.AddRange(inflight.Select(flight => new StoredFlight((string)flight.Element!, Instant(flight.Score))));
        }

        return (entries, flights);
    }

    /// <summary>In one transaction: what moves from one to another must not be seen in none.</summary>
    private static async Task<(SortedSetEntry[] Due, HashEntry[] Entries, SortedSetEntry[] InFlight)> ReadPartitionAsync(IDatabase redis, int partition)
    {
        var transaction = redis.CreateTransaction();
        var due = transaction.SortedSetRangeByRankWithScoresAsync($"cc:{{{partition}}}:due");
        var entries = transaction.HashGetAllAsync($"cc:{{{partition}}}:entry");
        var inflight = transaction.SortedSetRangeByRankWithScoresAsync($"cc:{{{partition}}}:inflight");
        await transaction.ExecuteAsync();
        return (await due, await entries, await inflight);
    }

    /// <summary>A key is <c>tenant/job</c>, <c>tenant/job@…</c> of an execution, or either followed by <c>~…</c> of a left-over; a body is <c>version[,until]|payload</c>.</summary>
    private static StoredEntry? EntryOf(string key, double score, Dictionary<string, string> bodies)
    {
        var body = bodies.GetValueOrDefault(key, "0|");
        if (body.EndsWith('|'))
            return null;
        var name = key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var kind = name.Contains('~', StringComparison.Ordinal) || score < 0 ? EntryKind.LeftOver : name.Contains('@', StringComparison.Ordinal) ? EntryKind.Waiting : EntryKind.Next;
        return new StoredEntry(name.Split('@', '~')[0], kind, long.Parse(body.Split(',', '|')[0], CultureInfo.InvariantCulture), Instant(score < 0 ? score + LeftOverLane : score));
    }

    /// <summary>The load goes on, so that streams are never empty: what was there at first must be done, and all before it.</summary>
    private async Task<IReadOnlyList<StoredReader>> ReadStreamsAsync()
    {
        await using var nats = new NatsConnection(new NatsOpts { Url = nodes.Nats.ConnectionString });
        var context = new NatsJSContext(nats);
        var last = new List<long>();
        foreach (var (stream, _) in Consumers)
            last.Add((long)(await context.GetStreamAsync(stream)).Info.State.LastSeq);
        var limit = time.GetUtcNow() + Patience;
        while (true)
        {
            var readers = new List<StoredReader>();
            foreach (var ((stream, consumer), until) in Consumers.Zip(last))
                readers.Add(ReaderOf($"{stream}/{consumer}", until, (await context.GetConsumerAsync(stream, consumer)).Info));
            if (readers.TrueForAll(r => r.Acknowledged >= r.Last) || time.GetUtcNow() > limit)
                return readers;
            await Task.Delay(Look.Pause, time);
        }
    }

    /// <summary>Where nothing waits and nothing is taken, all is done, whatever the floor says of messages that are gone.</summary>
    private static StoredReader ReaderOf(string name, long last, ConsumerInfo info) => new(name, last, info is { NumPending: 0, NumAckPending: 0 } ? last : (long)info.AckFloor.StreamSeq);

    private async Task<long> CountMissedAsync()
    {
        var missed = 0.0;
        foreach (var node in nodes.Nodes.OfType<CronCloudProcess>())
            missed += (await Scrape.OfAsync(node.Http)).Sum("croncloud_executions_total", ("status", "missed")) ?? 0;
        return (long)missed;
    }

    private static DateTimeOffset Instant(double ms) => DateTimeOffset.FromUnixTimeMilliseconds((long)ms);
}
