using CronCloud.Core.Json;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Jobs;

/// <summary>What a user defines: when (schedule), what (target) and how to treat trouble (policies).</summary>
public sealed record JobDefinition
{
    public string? Description { get; init; }

    /// <summary>Labels to filter by; at most 20.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    public required ScheduleSpec Schedule { get; init; }

    public required Target Target { get; init; }

    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    public CatchUp CatchUp { get; init; } = CatchUp.Default;

    public Overlap Overlap { get; init; }

    public AlertPolicy Alerts { get; init; } = AlertPolicy.Default;
}

/// <summary>Whether an execution may start while the one before it still runs.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<Overlap>))]
public enum Overlap
{
    /// <summary>Start it anyway.</summary>
    Allow = 0,

    /// <summary>Do not start it; history says that it was skipped.</summary>
    Skip = 1,

    /// <summary>Start it when the running one has ended; one waits.</summary>
    Queue = 2,
}

/// <summary>What happens to occurrences that could not be started in their time.</summary>
public sealed record CatchUp
{
    public static readonly CatchUp Default = new();

    /// <summary>What is late by no more than this is started whatever the policy says: a node's death is not the job's business.</summary>
    public static readonly TimeSpan OnTime = TimeSpan.FromSeconds(30);

    public CatchUpPolicy Policy { get; init; }

    /// <summary>How far back occurrences are caught up; older ones are missed. 1 s to 30 days.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromHours(24);
}

[JsonConverter(typeof(CamelCaseEnumConverter<CatchUpPolicy>))]
public enum CatchUpPolicy
{
    All = 0,
    Latest = 1,
    None = 2,
}

/// <summary>When people are told of a job's trouble, and through which channels.</summary>
public sealed record AlertPolicy
{
    public static readonly AlertPolicy Default = new();

    /// <summary>So many failed executions in a row open an incident. 1 to 1000.</summary>
    public int ConsecutiveFailures { get; init; } = 3;

    /// <summary>A start later than this opens an incident. 1 s to 24 h.</summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A run longer than this opens an incident; none by default. 1 s to 24 h.</summary>
    public TimeSpan? SlowAfter { get; init; }

    /// <summary>How often it is said again that an incident goes on, until somebody acknowledges it. 5 min to 7 days.</summary>
    public TimeSpan RemindEvery { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Ids of channels; at most 10.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];

    /// <summary>What executions carry of it, so that whoever reads their outcomes needs not ask for the job: the thresholds, or null when they are the default ones.</summary>
    public AlertPolicy? Thresholds() =>
        (ConsecutiveFailures, LateAfter, SlowAfter) == (Default.ConsecutiveFailures, Default.LateAfter, Default.SlowAfter)
            ? null
            : new AlertPolicy { ConsecutiveFailures = ConsecutiveFailures, LateAfter = LateAfter, SlowAfter = SlowAfter };
}
