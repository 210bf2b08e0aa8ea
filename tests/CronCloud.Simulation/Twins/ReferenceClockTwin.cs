using CronCloud.Core.Clocks;

namespace CronCloud.Simulation.Twins;

/// <summary>A server's clock, which is right.</summary>
internal sealed class ReferenceClockTwin(string name, TimeProvider time) : IReferenceClock
{
    public string Name => name;

    public Task<DateTimeOffset> ReadAsync(CancellationToken cancellation) => Task.FromResult(time.GetUtcNow());
}
