namespace CronCloud.Core.Clocks;

/// <summary>Another machine's clock, to compare one's own with.</summary>
public interface IReferenceClock
{
    /// <summary>For people: redis, sql.</summary>
    string Name { get; }

    Task<DateTimeOffset> ReadAsync(CancellationToken cancellation);
}
