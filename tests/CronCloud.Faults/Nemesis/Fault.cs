using CronCloud.Faults.Running;

namespace CronCloud.Faults.Nemesis;

/// <summary>When a fault is applied.</summary>
public enum Moment
{
    /// <summary>At any time.</summary>
    Steady,

    /// <summary>In the second in which a herd is due.</summary>
    Herd,

    /// <summary>At a step of the pipeline, by a pause point.</summary>
    Step,
}

/// <summary>A fault of the matrix: what it does, and what it may lead to.</summary>
/// <param name="Number">Its row in the matrix.</param>
/// <param name="MayRepeat">Whether attempts may be repeated for it.</param>
/// <param name="ApplyAsync">Applies it and heals it; answers how much later than five seconds what was due meanwhile may start.</param>
public sealed record Fault(int Number, string Name, bool MayRepeat, Func<FaultCluster, Random, Task<TimeSpan>> ApplyAsync)
{
    /// <inheritdoc cref="Evidence.FaultWindow.KeepsFromTarget"/>
    public bool KeepsFromTarget { get; init; }

    public IReadOnlyList<Moment> Moments { get; init; } = [Moment.Steady, Moment.Herd];

    /// <summary>The herd's jobs that a step's pause point waits for; null for moments in time.</summary>
    public string? Trap { get; init; }

    /// <summary>Whether the trap was sprung.</summary>
    public Func<FaultCluster, bool> IsSprung { get; init; } = _ => false;
}
