using System.Globalization;
using CronCloud.Core.Jobs;
using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>The names of a partition's keys. They share a hash tag, so that Redis Cluster keeps them on one node.</summary>
internal sealed class RedisKeys
{
    public static readonly RedisChannel WakeChannel = RedisChannel.Literal("cc:wake");

    private static readonly RedisKeys[] ByPartition = [.. Enumerable.Range(0, Partitions.Count).Select(p => new RedisKeys(p))];

    private RedisKeys(int partition)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"cc:{{{partition}}}:");
        Lease = prefix + "lease";
        Epoch = prefix + "epoch";
        Entries = [prefix + "due", prefix + "entry", Epoch];
        Flights = [prefix + "inflight", prefix + "flight"];
        Slots = [prefix + "slot", prefix + "waiting"];
        RedisKey landed = prefix + "landed";
        Claims = [.. Entries[..2], .. Slots, landed];
        All = [.. Entries, .. Flights, landed, .. Slots];
    }

    public RedisKey Lease { get; }

    public RedisKey Epoch { get; }

    /// <summary>due, entry, epoch.</summary>
    public RedisKey[] Entries { get; }

    /// <summary>inflight, flight.</summary>
    public RedisKey[] Flights { get; }

    /// <summary>slot, waiting.</summary>
    public RedisKey[] Slots { get; }

    /// <summary>due, entry, slot, waiting, landed.</summary>
    public RedisKey[] Claims { get; }

    /// <summary>due, entry, epoch, inflight, flight, landed, slot, waiting.</summary>
    public RedisKey[] All { get; }

    /// <summary>Those who live, and since when there has been one; in one slot of a cluster.</summary>
    public static RedisKey[] Roster(string roster) => [RosterNames(roster), "{" + RosterNames(roster) + "}:born"];

    /// <summary>Sorted set: name -> alive until, in ms of Redis' clock.</summary>
    public static string RosterNames(string roster) => "cc:roster:" + roster;

    public static RedisKeys Of(int partition) => ByPartition[partition];
}
