using Akka.Actor;
using Akka.Cluster;

namespace CronCloud.Engine.Cluster;

public sealed class AkkaClusterView(ActorSystem system) : IClusterView
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);

    public string Self => _cluster.SelfUniqueAddress.ToString();

    public bool IsUp => _cluster.SelfMember.Status is MemberStatus.Up or MemberStatus.WeaklyUp;

    public IReadOnlyList<string> Unreachable =>
        [.. _cluster.State.Unreachable.Where(m => m.Status is not (MemberStatus.Down or MemberStatus.Exiting)).Select(m => m.UniqueAddress.ToString())];

    public void Down(string member)
    {
        if (_cluster.State.Unreachable.FirstOrDefault(m => m.UniqueAddress.ToString() == member) is { } unreachable)
            _cluster.Down(unreachable.Address);
    }
}
