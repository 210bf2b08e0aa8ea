namespace CronCloud.Simulation.Faults;

/// <summary>Which server a seam stands for.</summary>
internal enum Server
{
    Sql,
    Redis,
    Nats,
    ClickHouse,
    Target,
}

/// <summary>What becomes of one call of a seam.</summary>
internal sealed record CallPlan(TimeSpan Before, TimeSpan After)
{
    public Moment Fails { get; init; }

    public Moment Kills { get; init; }

    /// <summary>Of a batch, only so large a share has its effect; the caller hears of no more, or of nothing.</summary>
    public double? Share { get; init; }
}

/// <summary>When in a call: before its effect or after it.</summary>
internal enum Moment
{
    Never,
    Before,
    After,
}
