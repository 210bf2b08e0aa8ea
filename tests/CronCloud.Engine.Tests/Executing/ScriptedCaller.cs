using System.Collections.Concurrent;
using CronCloud.Core.Executions;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>A target that answers when the test says so.</summary>
internal sealed class ScriptedCaller : ITargetCaller
{
    public TaskCompletionSource<Answer> Answers { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Called { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<Execution> Calls { get; } = [];

    public Func<Task> OnCall { get; init; } = () => Task.CompletedTask;

    public bool CannotTell { get; init; }

    bool ITargetCaller.Calls(Execution execution) => CannotTell ? throw new InvalidOperationException("a bug") : true;

    public async Task<Answer> CallAsync(Execution execution, CancellationToken cancellation)
    {
        Calls.Enqueue(execution);
        await OnCall();
        Called.TrySetResult();
        return await Answers.Task.WaitAsync(cancellation);
    }
}
