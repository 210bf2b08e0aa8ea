using System.Diagnostics.Metrics;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Clocks;

/// <summary>How this machine's clock stands, told when somebody asks.</summary>
public sealed class ClockGauges : IDisposable
{
    private readonly Meter _meter = new(EngineMeter.Name);

    public ClockGauges(ClockGuard guard, DisciplinedClock clock)
    {
        _meter.CreateObservableGauge("croncloud.clock.trusted", () => guard.IsTrusted ? 1 : 0, unit: null, "1 while this machine's clock agrees with the servers', else 0: then nothing is dispatched");
        _meter.CreateObservableGauge("croncloud.clock.offset", () => clock.MachineIsAhead().TotalSeconds, "s", "How far the machine's clock is ahead of the time that CronCloud goes by");
    }

    public void Dispose() => _meter.Dispose();
}
