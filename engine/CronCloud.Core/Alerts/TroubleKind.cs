using CronCloud.Core.Json;

namespace CronCloud.Core.Alerts;

/// <summary>What can be wrong with a job. Explicit and append-only: these numbers are stored.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<TroubleKind>))]
public enum TroubleKind
{
    /// <summary>So many executions in a row failed.</summary>
    Failing = 0,

    /// <summary>An execution used up its attempts.</summary>
    DeadLetter = 1,

    /// <summary>A start that the schedule named came too late.</summary>
    Late = 2,

    /// <summary>Occurrences were let go, since they could not be started in their time.</summary>
    Missed = 3,

    /// <summary>An attempt took too long.</summary>
    Slow = 4,
}
