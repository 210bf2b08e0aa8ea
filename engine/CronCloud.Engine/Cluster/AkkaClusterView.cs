using Akka.Actor;
using Akka.Cluster;

namespace CronCloud.Engine.Cluster;

/// <summary>The cluster as Akka has it. A member's name is its address, <c>#</c> and its incarnation.</summary>
public sealed class AkkaClusterView(ActorSystem system) : IClusterView
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);

    public string Self => NameOf(_cluster.SelfUniqueAddress);

    public bool IsUp => _cluster.SelfMember.Status is MemberStatus.Up or MemberStatus.WeaklyUp;

    public bool IsJoined => _cluster.SelfMember.Status is not MemberStatus.Removed;

    public IReadOnlyCollection<string> Members => [.. _cluster.State.Members.Select(m => NameOf(m.UniqueAddress)).Append(Self).Distinct()];

    public IReadOnlyCollection<string> Unreachable =>
        [.. _cluster.State.Unreachable.Where(m => m.Status is not (MemberStatus.Down or MemberStatus.Exiting)).Select(m => NameOf(m.UniqueAddress))];

    public void Join(IReadOnlyList<string> nodes) => _cluster.JoinSeedNodes(nodes.Select(AddressOf).Distinct());

    public void Down(string member)
    {
        if (_cluster.State.Unreachable.FirstOrDefault(m => NameOf(m.UniqueAddress) == member) is { } unreachable)
            _cluster.Down(unreachable.Address);
    }

    public void DownSelf() => _cluster.Down(_cluster.SelfAddress);

    private Address AddressOf(string node) => Address.Parse(node.Contains('#', StringComparison.Ordinal) ? node[..node.LastIndexOf('#')] : $"akka.tcp://{system.Name}@{node}");

    private static string NameOf(UniqueAddress member) => $"{member.Address}#{member.Uid}";
}
