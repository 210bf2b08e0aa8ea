namespace CronCloud.Core.Due;

/// <summary>What came of a landing.</summary>
public enum Landed
{
    /// <summary>Nothing: the outcome is an old one, told again, or that of a second run.</summary>
    Over = 0,

    /// <summary>It counts.</summary>
    Live = 1,

    /// <summary>It counts, and the next attempt, which waited, is not made: another run of this one had been put off or had failed, and this run succeeded.</summary>
    TookRetryBack = 2,
}
