namespace CronCloud.Simulation.Mutants;

/// <summary>A part of the product taken out, to see that the checker misses it.</summary>
public enum Mutant
{
    None,

    /// <summary>Entries are advanced first, executions published afterwards.</summary>
    AdvanceBeforePublish,

    /// <summary>Nobody sees flights whose deadline has passed: neither who dispatches again, nor the scan of the record.</summary>
    NoDeadline,

    /// <summary>An advance goes through whatever became of the entry since it was seen.</summary>
    NoCompareAndSet,

    /// <summary>An index that lost everything counts as built and as of this run of its server; and no scan of the record, which would mend it, goes round.</summary>
    NoEpoch,

    /// <summary>Checkpoints go on whether what was written is armed or not.</summary>
    HastyCheckpoint,
}
