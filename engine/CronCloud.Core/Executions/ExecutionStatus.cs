using CronCloud.Core.Json;

namespace CronCloud.Core.Executions;

/// <summary>Where an execution stands. Explicit and append-only: these numbers are stored.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<ExecutionStatus>))]
public enum ExecutionStatus
{
    Running = 0,
    Retrying = 1,
    Succeeded = 2,
    DeadLettered = 3,
    Skipped = 4,
    Missed = 5,
}
