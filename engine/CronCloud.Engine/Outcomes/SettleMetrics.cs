using System.Diagnostics.Metrics;
using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Outcomes;

/// <summary>What becomes of executions, as the settler decides it.</summary>
internal static class SettleMetrics
{
    private static readonly Counter<long> Outcomes = EngineMeter.Meter.CreateCounter<long>("croncloud.executions", "{execution}", "Outcomes settled, by where the execution stands after it; a range of occurrences counts each");
    private static readonly Counter<long> OfTenants = EngineMeter.Meter.CreateCounter<long>("croncloud.tenant.executions", "{execution}", "The same by tenant");
    private static readonly Counter<long> PutOffs = EngineMeter.Meter.CreateCounter<long>("croncloud.executions.put_off", "{attempt}", "Attempts that were put off and come again, no retry used up");
    private static readonly Counter<long> Postponed = EngineMeter.Meter.CreateCounter<long>("croncloud.settle.postponed", "{outcome}", "Outcomes that wait, once more, until the record can be written");
    private static readonly Histogram<double> Delays = EngineMeter.Meter.CreateHistogram("croncloud.settle.delay", "s", "From the end of an attempt until it is settled", tags: null, EngineMeter.Lateness);
    private static readonly Histogram<long> Batches = EngineMeter.Meter.CreateHistogram("croncloud.settle.batch", "{outcome}", "Outcomes settled together", tags: null, EngineMeter.Batches);

    private static readonly KeyValuePair<string, object?>[] Statuses = Tag.PerValueOf<ExecutionStatus>("status");

    public static void Begin()
    {
        foreach (var status in Statuses[1..]) // none of them is running
            Outcomes.Add(0, status);
        PutOffs.Add(0);
        Postponed.Add(0);
    }

    public static void Settled(Outcome outcome, ExecutionStatus status, DateTimeOffset at)
    {
        if (outcome.IsPutOff)
        {
            PutOffs.Add(1);
            return;
        }

        Outcomes.Add(outcome.Occurrences, Statuses[(int)status]);
        OfTenants.Add(outcome.Occurrences, TenantTags.OfProcess.Of(outcome.Execution.Tenant), Statuses[(int)status]);
        Delays.Record(Math.Max(0, (at - outcome.EndedAt).TotalSeconds));
        if (!outcome.IsDropped)
            LatenessMetrics.Settled(outcome.Execution, at);
    }

    public static void Took(int outcomes) => Batches.Record(outcomes);

    public static void WaitForRecord(int outcomes) => Postponed.Add(outcomes);
}
