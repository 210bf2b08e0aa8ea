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
    public async Task<ExecutionAnswer?> FindAsync(JobKey job, string executionId, CancellationToken cancellation)
    {
        var attempt = await running.FindAsync(job, executionId, cancellation);
        var recorded = await history.FindAsync(job, executionId, cancellation);
        if (recorded is not null && attempt is null)
            attempt = await running.FindFlightAsync(job, executionId, recorded.Last.Attempt + 1, cancellation);

        // The row of an occurrence that was not started has the number 0, and is about its first attempt.
        if (recorded is not null && attempt?.Number <= Math.Max(recorded.Last.Attempt, 1))
            return ExecutionAnswer.Of(recorded);
        if (attempt?.Execution is { } execution)
            return ExecutionAnswer.Of(execution, recorded, attempt.Waits);
        if (recorded is null || attempt is not null)
        {
            await Task.Delay(HistoryLag, time, cancellation);
            recorded = await history.FindAsync(job, executionId, cancellation);
        }

        return recorded is null ? null : ExecutionAnswer.Of(recorded);
    }
}
