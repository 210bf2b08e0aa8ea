namespace CronCloud.Faults.Evidence;

/// <summary>One request as the sink's ledger has it.</summary>
public sealed record Delivery
{
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>When its answer was on its way, or its caller had gone; null while it is being worked on.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The caller went away before it was answered.</summary>
    public bool Cut { get; init; }

    public required string Path { get; init; }

    public required string Job { get; init; }

    public required string Execution { get; init; }

    public required DateTimeOffset ScheduledAt { get; init; }

    public required string Key { get; init; }

    public required int Attempt { get; init; }

    /// <summary>The status that it was answered with; 0 for none.</summary>
    public required int Answer { get; init; }

    public bool Answered => EndedAt is not null && !Cut && Answer != 0;

    public bool Failed => Answer is < 200 or > 299;

    public TimeSpan Lateness => At - ScheduledAt;
}
