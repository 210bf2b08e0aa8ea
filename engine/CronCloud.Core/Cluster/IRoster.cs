namespace CronCloud.Core.Cluster;

/// <summary>Who lives: everybody says so again and again, and is forgotten when silent. It runs on the keeper's clock.</summary>
public interface IRoster
{
    /// <summary>Says that the name lives, for so long.</summary>
    Task<RollCall> AnnounceAsync(string roster, string name, TimeSpan life, CancellationToken cancellation);

    /// <summary>Takes the name off the roster at once.</summary>
    Task LeaveAsync(string roster, string name, CancellationToken cancellation);
}

/// <param name="Names">All names of the roster that live now, in order, the one that asked included.</param>
/// <param name="Age">For how long there has been a name on the roster. A young one is new, or its keeper had lost it, or stood still for longer than anybody's life: it may lack some that live.</param>
public sealed record RollCall(IReadOnlyList<string> Names, TimeSpan Age);
