using CronCloud.Core.Due;
using CronCloud.Core.Executions;

namespace CronCloud.Engine.Due;

/// <summary>An attempt that was handed to the queue.</summary>
/// <param name="Execution">It, as its message has it.</param>
/// <param name="Message">It, as it was sent.</param>
/// <param name="IsQueued">Whether the queue has it.</param>
public sealed record QueuedAttempt(Execution Execution, ReadOnlyMemory<byte> Message, bool IsQueued)
{
    public Flight FlightAt(DateTimeOffset now) => DuePlan.FlightOf(Execution, Message, now);
}
