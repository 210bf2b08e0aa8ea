using CronCloud.Core.Executions;

namespace CronCloud.Engine.Executing;

/// <summary>Answers for NATS targets where there is no NATS server.</summary>
public sealed class UnconfiguredNats : ITargetCaller
{
    public bool Calls(Execution execution) => execution.Target.Nats is not null;

    public Task<Answer> CallAsync(Execution execution, CancellationToken cancellation) =>
        Task.FromResult(Answer.Failed("NATS targets need a NATS server: set ConnectionStrings__nats"));
}
