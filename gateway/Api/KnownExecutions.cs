using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;

namespace CronCloud.Gateway.Api;

/// <summary>An execution as the due index and history know it together.</summary>
internal sealed class KnownExecutions(RunningExecutions running, IHistory history, TimeProvider time)
{
    /// <summary>How long history may lag behind the settler.</summary>
    private static readonly TimeSpan HistoryLag = TimeSpan.FromMilliseconds(800);

    /// <summary>
    /// The due index first: an execution that ends between the two reads is found by the second. One that was settled a moment ago may be on its way
    /// into history.
    /// </summary>
    public async Task<KnownExecution?> FindAsync(JobKey job, string executionId, CancellationToken cancellation)
    {
        var attempt = await running.FindAsync(job, executionId, cancellation);
        var recorded = await history.FindAsync(job, executionId, cancellation);
        if (recorded is not null && attempt is null)
            attempt = await running.FindFlightAsync(job, executionId, recorded.Last.Attempt + 1, cancellation);

        // The row of an occurrence that was not started has the number 0, and is about its first attempt.
        if (recorded is not null && attempt?.Number <= Math.Max(recorded.Last.Attempt, 1))
            return new KnownExecution(recorded, null);
        if (attempt?.Execution is not null)
            return new KnownExecution(recorded, attempt);
        if (recorded is null || attempt is not null)
        {
            await Task.Delay(HistoryLag, time, cancellation);
            recorded = await history.FindAsync(job, executionId, cancellation);
        }

        return recorded is null ? null : new KnownExecution(recorded, null);
    }
}

/// <summary>An execution: its attempts that have an outcome, and the one that has none yet. One of the two is there.</summary>
internal sealed record KnownExecution(HistoryExecution? Recorded, IndexedAttempt? Current)
{
    public ExecutionAnswer Answer { get; } = Current?.Execution is { } execution ? ExecutionAnswer.Of(execution, Recorded, Current.Waits) : ExecutionAnswer.Of(Recorded!);
}
