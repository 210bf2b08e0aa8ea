using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Executing;

/// <summary>Makes attempts: calls the target, and tells what came of it as an outcome. So it tells, too, why an attempt is not made.</summary>
internal sealed partial class AttemptMaker(IEnumerable<ITargetCaller> callers, NodeName node, TimeProvider time, ILogger logger)
{
    public async Task<Outcome> MakeAsync(HeldExecution held, CancellationToken cancellation)
    {
        var execution = held.Execution;
        var startedAt = time.GetUtcNow();
        var started = time.GetTimestamp();
        using var running = WorkerMetrics.Started(execution, held.EarlierClaims, startedAt);
        using var span = ExecutionTraces.StartAttempt(execution, startedAt);
        var answer = await CallAsync(execution with { TraceParent = span?.Id ?? TraceParent.Child(execution.TraceParent) }, cancellation);
        var outcome = OutcomeOf(execution, answer, startedAt, time.GetElapsedTime(started));
        span?.Tell(outcome, time.GetUtcNow());
        WorkerMetrics.Ended(outcome);
        return outcome;
    }

    public Outcome PutOff(HeldExecution held, string reason, TimeSpan pause)
    {
        LogPutOff(held.Execution.AttemptId, reason);
        var outcome = OutcomeOf(held.Execution with { Claims = held.EarlierClaims }, new Answer(AttemptResult.PutOff) { Error = reason, RetryAfter = pause }, time.GetUtcNow(), TimeSpan.Zero);
        WorkerMetrics.Ended(outcome);
        return outcome;
    }

    /// <summary>Not tried once more: it would kill this worker too.</summary>
    public Outcome Crashed(HeldExecution held)
    {
        WorkerMetrics.Crashed();
        return OutcomeOf(held.Execution, Answer.Failed($"worker-crash: {held.EarlierClaims} workers claimed this attempt and were not heard of again"), time.GetUtcNow(), TimeSpan.Zero) with { IsFinal = true };
    }

    private Outcome OutcomeOf(Execution execution, Answer answer, DateTimeOffset startedAt, TimeSpan took) => new()
    {
        Execution = execution,
        Result = answer.Result,
        StartedAt = startedAt,
        DurationMs = (long)took.TotalMilliseconds,
        Node = node.Value,
        StatusCode = answer.StatusCode,
        Error = answer.Error,
        Output = answer.Output,
        RetryAfter = answer.RetryAfter,
    };

    /// <summary>A caller that throws has a bug, which must not send the execution round for ever: the attempt failed.</summary>
    private async Task<Answer> CallAsync(Execution execution, CancellationToken cancellation)
    {
        if (callers.FirstOrDefault(c => c.Calls(execution)) is not { } caller)
            return Answer.Failed("this node has no caller for the job's kind of target");
        try
        {
            return await caller.CallAsync(execution, cancellation);
        }
        catch (Exception bug) when (!cancellation.IsCancellationRequested)
        {
            LogBug(bug, execution.AttemptId);
            return Answer.Failed($"the attempt could not be made: {bug.Message}");
        }
    }

    [LoggerMessage(EventId = 1201, Level = LogLevel.Error, Message = "Attempt {Attempt} could not be made")]
    private partial void LogBug(Exception bug, string attempt);

    [LoggerMessage(EventId = 1204, Level = LogLevel.Debug, Message = "{Attempt} is put off: {Reason}")]
    private partial void LogPutOff(string attempt, string reason);
}
