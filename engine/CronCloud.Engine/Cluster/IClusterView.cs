namespace CronCloud.Engine.Cluster;

/// <summary>What this node sees of the Akka cluster. Members are named by address and incarnation.</summary>
public interface IClusterView
{
    string Self { get; }

    /// <summary>Whether this node is a full member: before that it cannot reach the jobs' actors.</summary>
    bool IsUp { get; }

    /// <summary>Whether this node is a member, be it one that is just joining.</summary>
    bool IsJoined { get; }

    /// <summary>Asks these nodes for their cluster: addresses as <c>host:port</c>, or members. The first one may found a cluster, if it is this node itself.</summary>
    void Join(IReadOnlyList<string> nodes);

    /// <summary>All members, this node and unreachable ones included.</summary>
    IReadOnlyCollection<string> Members { get; }

    IReadOnlyCollection<string> Unreachable { get; }

    /// <summary>Removes an unreachable member for good: its jobs' actors move to the others.</summary>
    void Down(string member);

    /// <summary>Takes this node out: its process ends.</summary>
    void DownSelf();
}
