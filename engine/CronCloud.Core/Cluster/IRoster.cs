namespace CronCloud.Core.Cluster;

/// <summary>Who lives: everybody says so again and again, and is forgotten when silent. It runs on the keeper's clock.</summary>
public interface IRoster
{
    /// <summary>Says that the name lives, for so long; answers all names of the roster that live now, itself included, in order. A life of nothing only asks.</summary>
    Task<IReadOnlyList<string>> AnnounceAsync(string roster, string name, TimeSpan life, CancellationToken cancellation);

    /// <summary>Takes the name off the roster at once.</summary>
    Task LeaveAsync(string roster, string name, CancellationToken cancellation);
}
