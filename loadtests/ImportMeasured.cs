namespace CronCloud.LoadTests;

/// <summary>How fast jobs come in and go out by the line, and what each costs.</summary>
internal sealed record ImportMeasured
{
    public required int Jobs { get; init; }

    public required double CreatedPerSecond { get; init; }

    /// <summary>The same lines once more.</summary>
    public required double UnchangedPerSecond { get; init; }

    /// <summary>Each with another URL.</summary>
    public required double UpdatedPerSecond { get; init; }

    public required double ExportedPerSecond { get; init; }

    /// <summary>What Redis' used_memory grew by; 0 on the twins.</summary>
    public required long RedisBytesPerJob { get; init; }

    /// <summary>Jobs and revisions with their indexes; 0 on the twins.</summary>
    public required long PostgresBytesPerJob { get; init; }
}
