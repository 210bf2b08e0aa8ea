using System.Diagnostics.Metrics;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Executing;

/// <summary>How full the worker of this node is, told when somebody asks.</summary>
public sealed class WorkerGauges : IDisposable
{
    private readonly Meter _meter = new(EngineMeter.Name);

    public WorkerGauges(Worker worker, WorkerOptions options)
    {
        _meter.CreateObservableGauge("croncloud.worker.held", () => worker.HeldCount, "{execution}", "Executions in the worker's hands, running or waiting for a place at their destination");
        _meter.CreateObservableGauge("croncloud.worker.capacity", () => options.MaxHeld, "{execution}", "Executions that the worker may hold");
    }

    public void Dispose() => _meter.Dispose();
}
