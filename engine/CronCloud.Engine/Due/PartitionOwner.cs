using CronCloud.Core.Cluster;
using CronCloud.Core.Due;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Engine.Due;

/// <summary>
/// Which partitions this node scans. All living owners come to the same placement by rendezvous hashing; a lease per partition keeps
/// two from scanning the same one. An owner that dies loses its leases and its place in two seconds, and the others take over.
/// </summary>
/// <param name="owner">This node's name.</param>
/// <param name="leases">Who has what.</param>
/// <param name="roster">Who lives.</param>
/// <param name="time">By which its leases lapse, as far as it knows.</param>
/// <param name="isFit">False while this node may not dispatch: it stands aside, so that another does.</param>
public sealed class PartitionOwner(string owner, IPartitionLeases leases, IRoster roster, TimeProvider time, Func<bool>? isFit = null)
{
    private const string Schedulers = "schedulers";

    public static readonly TimeSpan LeaseLife = TimeSpan.FromSeconds(2);

    /// <summary>A quarter of a lease: three renewals may fail before it lapses.</summary>
    public static readonly TimeSpan Interval = LeaseLife / 4;

    /// <summary>How soon to look again for a partition that another node is about to hand over.</summary>
    public static readonly TimeSpan SoonInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Three looks. An owner that died together with the roster is given up so much later.</summary>
    public static readonly TimeSpan Young = 3 * Interval;

    private volatile Holding _holding = Holding.None;
    private IReadOnlyList<string> _owners = [];
    private List<int> _wanted = [];

    /// <summary>What it scans; also while Redis is away and nobody can renew anything.</summary>
    public IReadOnlySet<int> Held => _holding.Partitions;

    /// <summary>Those of <see cref="Held"/> whose leases cannot have lapsed yet, and since when it has each: what a node that is cut off from Redis holds may be another's by now.</summary>
    public IReadOnlyDictionary<int, DateTimeOffset> Leased => _holding is var holding && time.GetUtcNow() - holding.RenewedAt < LeaseLife ? holding.Since : Holding.None.Since;

    /// <summary>Renews, takes what is free, and answers what to start and what to stop scanning. What is stopped is released by <see cref="ReleaseAsync"/>.</summary>
    /// <param name="running">The partitions that are scanned here.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<Placement> RunOnceAsync(IReadOnlyCollection<int> running, CancellationToken cancellation)
    {
        if (isFit?.Invoke() == false)
            return await StandAsideAsync(running, cancellation);
        var owners = Living(await roster.AnnounceAsync(Schedulers, owner, LeaseLife, cancellation));
        if (!owners.SequenceEqual(_owners))
            (_owners, _wanted) = (owners, Wanted(owners));
        var wanted = _wanted;
        var asked = time.GetUtcNow();
        var acquired = await leases.AcquireAsync(owner, wanted, LeaseLife, cancellation);
        var gained = acquired.Except(running).ToList();
        var lost = running.Except(acquired).ToList();
        var since = _holding.Since;
        _holding = new Holding(acquired.ToDictionary(p => p, p => since.TryGetValue(p, out var had) ? had : asked), asked);
        return new Placement(gained, lost, acquired.Count < wanted.Count ? SoonInterval : Interval);
    }

    public Task ReleaseAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellation) => leases.ReleaseAsync(owner, partitions, cancellation);

    /// <summary>Gives up all that it has, also what it was about to hand over: that would have to lapse.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        await roster.LeaveAsync(Schedulers, owner, cancellation);
        await leases.ReleaseAsync(owner, [.. Enumerable.Range(0, Partitions.Count)], cancellation);
        _holding = Holding.None;
    }

    /// <summary>
    /// A young roster was lost, or its keeper stood still: those who were on it before are given a while to say again that they live. Else whoever comes first would take all partitions, and give
    /// most of them back, while nothing that is due may wait.
    /// </summary>
    private IReadOnlyList<string> Living(RollCall call) => call.Age < Young ? [.. call.Names.Union(_owners).Order(StringComparer.Ordinal)] : call.Names;

    private async Task<Placement> StandAsideAsync(IReadOnlyCollection<int> running, CancellationToken cancellation)
    {
        await roster.LeaveAsync(Schedulers, owner, cancellation);
        (_holding, _owners) = (Holding.None, []);
        return new Placement([], [.. running], Interval);
    }

    private List<int> Wanted(IReadOnlyList<string> owners) =>
        [.. Enumerable.Range(0, Partitions.Count).Where(p => owners.MaxBy(o => StableHash.Of($"{p}@{o}")) == owner)];

    /// <param name="Since">When it took each partition over.</param>
    /// <param name="RenewedAt">When it asked for the leases that it has.</param>
    private sealed record Holding(IReadOnlyDictionary<int, DateTimeOffset> Since, DateTimeOffset RenewedAt)
    {
        public static readonly Holding None = new(new Dictionary<int, DateTimeOffset>(), DateTimeOffset.MinValue);

        public IReadOnlySet<int> Partitions { get; } = Since.Keys.ToHashSet();
    }
}

/// <summary>What changed, and when to look again.</summary>
public sealed record Placement(IReadOnlyList<int> Gained, IReadOnlyList<int> Lost, TimeSpan Next);
