using CronCloud.Core.Jobs;
using CronCloud.Engine.Jobs;
using CronCloud.Simulation.Checking;

namespace CronCloud.Simulation.Nodes;

/// <summary>The node's place for changes of jobs, as the product's actors are: one message of a job at a time, within a limit; what could not be armed is armed later.</summary>
internal sealed class JobDesk(NodeProcess node, JobBook book, Ledger ledger)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan RearmPause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<JobKey, Task> _last = [];
    private readonly HashSet<JobKey> _rearming = [];

    public Task<JobReply> ChangeAsync(ChangeJob change) => InTurnAsync(change.Key, () => TryAsync(change, cancellation => book.ChangeAsync(change, cancellation)));

    public Task<JobReply> TriggerAsync(TriggerJob trigger) => InTurnAsync(trigger.Key, () => TryAsync(trigger, cancellation => book.TriggerAsync(trigger, cancellation)));

    /// <summary>Ends when what is at work has; a rearming that is still to come is forgotten, as the product's actors forget it.</summary>
    public async Task DrainAsync()
    {
        foreach (var last in _last.Values.ToList())
            await last;
    }

    private async Task<T> InTurnAsync<T>(JobKey key, Func<Task<T>> carryOut)
    {
        var before = _last.GetValueOrDefault(key, Task.CompletedTask);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _last[key] = done.Task;
        await before;
        try
        {
            return await carryOut();
        }
        finally
        {
            done.SetResult();
        }
    }

    private async Task<JobReply> TryAsync(IForJob message, Func<CancellationToken, Task<JobReply>> carryOut)
    {
        using var limit = new CancellationTokenSource(Limit, node.Time);
        try
        {
            return await carryOut(limit.Token);
        }
        catch (Exception away)
        {
            ledger.AddFailure(node, $"change of {message.Key}", away);
            if (message is ChangeJob && _rearming.Add(message.Key))
                node.World.Begin(() => RearmAsync(message.Key));
            return new JobReply { Unavailable = away.Message };
        }
    }

    private async Task RearmAsync(JobKey key)
    {
        while (true)
        {
            await node.Time.DelayExactlyAsync(RearmPause, CancellationToken.None);
            if (await InTurnAsync(key, () => TryRearmAsync(key)))
                break;
        }

        _rearming.Remove(key);
    }

    private async Task<bool> TryRearmAsync(JobKey key)
    {
        using var limit = new CancellationTokenSource(Limit, node.Time);
        try
        {
            await book.RearmAsync(key, limit.Token);
            return true;
        }
        catch (Exception away)
        {
            ledger.AddFailure(node, $"rearming of {key}", away);
            return false;
        }
    }
}
