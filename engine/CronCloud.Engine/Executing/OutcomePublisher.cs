using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Executing;

/// <summary>Publishes outcomes, those that come side by side together. None may be lost: each is published until the stream has it.</summary>
internal sealed partial class OutcomePublisher(IOutcomeStream outcomes, TimeProvider time, ILogger logger)
{
    private const int MostTogether = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly Gathering<StreamMessage, bool> _together = new(outcomes.PublishAsync, MostTogether);

    /// <summary>Returns when the stream has it.</summary>
    public async Task PublishAsync(Outcome outcome, CancellationToken cancellation)
    {
        var message = new StreamMessage(outcome.MessageId, outcome.Execution.Job.Partition, outcome.ToJson());
        while (true)
        {
            try
            {
                if (await _together.AddAsync(message, cancellation))
                    return;
                OnWaits(outcome, "refused");
            }
            catch (Exception broken) when (broken is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                OnWaits(outcome, broken.Message);
            }

            await Task.Delay(Pause, time, cancellation);
        }
    }

    private void OnWaits(Outcome outcome, string reason)
    {
        WorkerMetrics.OutcomeWaits();
        LogOutcomeWaits(outcome.Execution.AttemptId, reason);
    }

    [LoggerMessage(EventId = 1203, Level = LogLevel.Warning, Message = "The outcome of {Attempt} waits: {Reason}")]
    private partial void LogOutcomeWaits(string attempt, string reason);
}
