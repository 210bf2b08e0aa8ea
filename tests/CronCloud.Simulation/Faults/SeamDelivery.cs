using CronCloud.Core.Streams;
using CronCloud.Simulation.Nodes;

namespace CronCloud.Simulation.Faults;

/// <summary>A delivery in the hands of one node: its acknowledgement may be lost, and after the node's death nothing comes of it any more.</summary>
internal sealed class SeamDelivery(Delivery delivery, NodeProcess node) : Delivery
{
    public override ReadOnlyMemory<byte> Body => delivery.Body;

    public override int Count => delivery.Count;

    public override ValueTask AcknowledgeAsync(CancellationToken cancellation) => new(CallAsync(nameof(AcknowledgeAsync), () => delivery.AcknowledgeAsync(cancellation), cancellation));

    public override ValueTask ReturnAsync(TimeSpan pause, CancellationToken cancellation) => new(CallAsync(nameof(ReturnAsync), () => delivery.ReturnAsync(pause, cancellation), cancellation));

    /// <summary>Extensions go out for many deliveries at once, in no order: chance may not hang on it, so they only fail together with the node.</summary>
    public override async ValueTask ExtendAsync(CancellationToken cancellation)
    {
        await node.PassAsync(TimeSpan.FromMilliseconds(1), cancellation);
        await delivery.ExtendAsync(cancellation);
    }

    public override int GetHashCode() => delivery.GetHashCode();

    public override string? ToString() => delivery.ToString();

    private async Task CallAsync(string step, Func<ValueTask> effect, CancellationToken cancellation)
    {
        var plan = node.Weather.Of(node, Server.Nats, step);
        await node.PassAsync(plan.Before, cancellation);
        if (plan.Kills == Moment.Before)
            await node.DieAsync($"before {step} of {delivery}");
        if (plan.Fails == Moment.Before)
            throw Broken(step, "before");
        await effect();
        if (plan.Kills == Moment.After)
            await node.DieAsync($"after {step} of {delivery}");
        if (plan.Fails == Moment.After)
            throw Broken(step, "after");
    }

    private SimulatedFaultException Broken(string step, string moment)
    {
        node.Note($"Nats breaks {moment} {step} of {delivery}");
        return new SimulatedFaultException($"Nats is away ({moment} {step}).");
    }
}
