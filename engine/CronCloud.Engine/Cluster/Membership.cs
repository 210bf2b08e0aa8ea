using CronCloud.Core.Cluster;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Cluster;

/// <summary>
/// Decides which unreachable member is dead: the one that no longer says in the roster that it lives. Nobody counts votes and nobody takes
/// itself out, so any number of nodes may die one after another, and a broken link between two living nodes ends neither. It places
/// jobs' actors and no more: firing knows leases only, and the record's versions keep two actors of one job from doing harm.
/// </summary>
public sealed partial class Membership(IClusterView cluster, IRoster roster, TimeProvider time, ILogger<Membership> logger) : ILoop
{
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(2);

    /// <summary>Silence of an unreachable member beyond this is death. Longer than the roster needs to fill again after it was emptied.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    private const string Members = "members";
    private static readonly TimeSpan Interval = Life / 4;

    private readonly Dictionary<string, DateTimeOffset> _silentSince = [];

    public string Name => "Membership";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
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

        return Interval;
    }

    public Task LeaveAsync(CancellationToken cancellation) => roster.LeaveAsync(Members, cluster.Self, cancellation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Member} is dead: its jobs move to others")]
    private partial void LogDead(string member);
}
