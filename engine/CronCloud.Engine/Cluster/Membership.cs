using CronCloud.Core.Cluster;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Cluster;

/// <summary>
/// Decides which unreachable member is dead: the one that no longer says in the roster that it lives. Nobody counts votes and nobody takes
/// itself out, so any number of nodes may die one after another, and a broken link between two living nodes ends neither. It places
/// jobs' actors and no more: firing knows leases only, and the record's versions keep two actors of one job from doing harm.
/// </summary>
public sealed partial class Membership(IClusterView cluster, IRoster roster, SeedNodes seeds, TimeProvider time, ILogger<Membership> logger) : ILoop
{
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(2);

    /// <summary>Silence of an unreachable member beyond this is death. Longer than the roster needs to fill again after it was emptied.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    /// <summary>Two clusters of living nodes for so long will not become one by themselves. Longer than joining takes.</summary>
    public static readonly TimeSpan IslandMargin = TimeSpan.FromSeconds(20);

    /// <summary>How long a node tries to join before it looks anew whom to ask. Longer than the cluster needs to answer.</summary>
    public static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(8);

    private const string Members = "members";
    private static readonly TimeSpan Interval = Life / 4;

    private readonly Dictionary<string, DateTimeOffset> _silentSince = [];
    private DateTimeOffset? _splitSince;
    private DateTimeOffset? _joiningSince;

    public string Name => "Membership";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        if (!cluster.IsJoined)
        {
            await JoinAsync(cancellation);
            return Interval;
        }

        var living = await roster.AnnounceAsync(Members, cluster.Self, Life, cancellation);
        var now = time.GetUtcNow();
        var silent = cluster.Unreachable.Except(living).ToList();
        foreach (var member in _silentSince.Keys.Except(silent).ToList())
            _silentSince.Remove(member);
        foreach (var member in silent)
        {
            if (_silentSince.TryAdd(member, now) || now - _silentSince[member] < Margin)
                continue;
            LogDead(member);
            cluster.Down(member);
        }

        LeaveIsland(living, now);
        return Interval;
    }

    /// <summary>
    /// Members that live are asked first: as long as there are any, nobody founds another cluster beside theirs. Only when there are none
    /// does the first seed node. Asking the roster for a life of nothing tells who lives, and does not say that this node does. This node's incarnation
    /// before may be on the roster still: it is not asked, since asking its own address first is to found a cluster.
    /// </summary>
    private async Task JoinAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_joiningSince is { } since && now - since < JoinPatience)
            return;
        _joiningSince = now;
        var living = await roster.AnnounceAsync(Members, cluster.Self, TimeSpan.Zero, cancellation);
        cluster.Join([.. living.Where(member => AddressOf(member) != AddressOf(cluster.Self)), .. seeds.Nodes]);
    }

    public Task LeaveAsync(CancellationToken cancellation) => roster.LeaveAsync(Members, cluster.Self, cancellation);

    /// <summary>
    /// Nodes that all died but for one, and came back, may have found each other without it. The smaller cluster ends, the one without
    /// the first name if both are as large: started again, its nodes join the other.
    /// </summary>
    private void LeaveIsland(IReadOnlyList<string> living, DateTimeOffset now)
    {
        var own = cluster.Members;
        var others = living.Except(own).ToList();
        if (others.Count == 0)
        {
            _splitSince = null;
            return;
        }

        _splitSince ??= now;
        var mine = living.Intersect(own).Count();
        var isSmaller = mine < others.Count || (mine == others.Count && others.Contains(living[0]));
        if (!isSmaller || now - _splitSince < IslandMargin)
            return;
        LogIsland(string.Join(", ", others));
        cluster.DownSelf();
    }

    /// <summary>A member is its address, <c>#</c> and its incarnation.</summary>
    private static string AddressOf(string member) => member[..(member.LastIndexOf('#') is >= 0 and var end ? end : member.Length)];

    [LoggerMessage(Level = LogLevel.Error, Message = "This node is in a cluster apart from {Others}: it ends, to join them when it is started again")]
    private partial void LogIsland(string others);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Member} is dead: its jobs move to others")]
    private partial void LogDead(string member);
}

/// <summary>Where a first node looks for others: <c>host:port</c>.</summary>
public sealed record SeedNodes(IReadOnlyList<string> Nodes);
