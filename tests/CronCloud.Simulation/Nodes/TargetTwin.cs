using CronCloud.Core.Executions;
using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Scenarios;

namespace CronCloud.Simulation.Nodes;

/// <summary>Calls the world's targets from one node. What a target answers to an attempt follows from its script, whoever calls and whenever.</summary>
internal sealed class TargetTwin(NodeProcess node, Ledger ledger) : ITargetCaller
{
    public bool Calls(Execution execution) => true;

    public async Task<Answer> CallAsync(Execution execution, CancellationToken cancellation)
    {
        var reply = TargetScript.Of(node.World.Seed, execution);
        var call = ledger.AddCall(node, execution, reply);
        if (reply.Kills)
            await node.DieAsync($"of {execution.MessageId}");
        await node.PassAsync(reply.Duration, cancellation);
        call.AnsweredAt = node.World.Now;
        return reply.Answer;
    }
}
