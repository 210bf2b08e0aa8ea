using CronCloud.Engine.Due;
using CronCloud.Engine.Executing;
using CronCloud.Engine.History;
using CronCloud.Engine.Outcomes;

namespace CronCloud.Engine.Telemetry;

/// <summary>The engine's counters, to be told from the start.</summary>
public static class EngineInstruments
{
    /// <summary>Tells those of the roles as 0: who counts how often something happened (or that it did not) must not take a figure that is missing for none. To be called when the meters are listened to.</summary>
    public static void Begin(IReadOnlySet<string> roles)
    {
        if (roles.Contains("scheduler"))
        {
            DispatchMetrics.Begin();
            PlacementMetrics.Begin();
            Findings.Begin();
            SettleMetrics.Begin();
        }

        if (roles.Contains("worker"))
            WorkerMetrics.Begin();
        if (roles.Contains("recorder"))
            HistoryMetrics.Begin();
    }
}
