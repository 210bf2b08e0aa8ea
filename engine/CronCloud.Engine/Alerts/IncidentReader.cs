using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using CronCloud.Engine.Outcomes;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>
/// Reads outcomes for trouble. A batch costs one query for those of its jobs that failed lately, and nothing is written of the others. What cannot be recorded stays in the
/// stream; what is read again changes nothing.
/// </summary>
public sealed partial class IncidentReader(IOutcomeStream outcomes, IIncidentStore incidents, Func<string> newId, TimeProvider time, ILogger<IncidentReader> logger) : ILoop
{
    private const int BatchSize = 1_000;

    /// <summary>Somebody else may have changed the same: another node's reader, or an acknowledgement.</summary>
    private const int MostTries = 10;

    private static readonly TimeSpan PullWait = TimeSpan.FromSeconds(1);

    /// <summary>Between reads: a few large queries cost the record less than many small ones, and trouble is told after seconds anyway.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(5);

    public string Name => "incident reader";

    /// <summary>One that has more to read than it can take rests as long as it wrote: when a whole system is late, each of its jobs is in trouble, and to say so must not make them later.</summary>
    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var deliveries = await outcomes.PullAsync(OutcomeReader.Alerts, BatchSize, PullWait, cancellation);
        var began = time.GetTimestamp();
        var read = deliveries.Read(Readable, logger).ConvertAll(message => message.Content);
        await deliveries.CompleteAsync(() => read.Count > 0 ? deliveries.HoldAsync(RecordAsync(read, cancellation), time, cancellation) : Task.CompletedTask, cancellation);
        if (deliveries.Count < BatchSize)
            return deliveries.Count > 0 ? Gather : TimeSpan.Zero;
        var took = time.GetElapsedTime(began);
        return took < LongestRest ? took : LongestRest;
    }

    /// <summary>One of which it can be said whether it is trouble: one that is not stops no other.</summary>
    private static Outcome Readable(Outcome outcome)
    {
        _ = Trouble.Of(outcome, failures: 1);
        _ = outcome.EndedAt;
        return outcome;
    }

    private async Task RecordAsync(List<Outcome> read, CancellationToken cancellation)
    {
        // What brings messages to channels is an execution too, and must not be told of by a message.
        var byJob = read.Where(o => !JobRules.IsReserved(o.Execution.JobId)).GroupBy(o => o.Execution.Job).ToList();
        for (var tries = 0; tries < MostTries; tries++)
        {
            var known = await incidents.ReadAsync(byJob.ConvertAll(g => g.Key), cancellation);
            var changes = byJob.Select(job => HealthChange.Of(known.GetValueOrDefault(job.Key) ?? new JobHealth { Job = job.Key }, job, newId)).OfType<HealthChange>().ToList();
            if (changes.Count == 0)
                return;
            if (await incidents.WriteAsync(changes, cancellation))
            {
                Say(changes);
                return;
            }
        }

        throw new IOException($"The health of {byJob.Count} jobs was changed by another each time that it was to be written.");
    }

    private void Say(List<HealthChange> changes)
    {
        foreach (var (change, incident) in changes.SelectMany(c => c.Incidents.Select(i => (c, i))))
        {
            if (change.Events.Any(e => e.IncidentId == incident.Id && e.Kind == IncidentEventKind.Opened))
            {
                AlertMetrics.Opened(incident);
                LogOpened(incident.Id, incident.Tenant, incident.JobId, incident.Summary);
            }

            if (incident.State == IncidentState.Resolved)
            {
                AlertMetrics.Resolved(incident);
                LogRecovered(incident.Id, incident.Tenant, incident.JobId, Trouble.Say(incident.ResolvedAt!.Value - incident.OpenedAt));
            }
        }
    }

    [LoggerMessage(EventId = 1701, Level = LogLevel.Information, Message = "Incident {Incident} of {Tenant}/{Job} opened: {Summary}")]
    private partial void LogOpened(string incident, string tenant, string job, string summary);

    [LoggerMessage(EventId = 1702, Level = LogLevel.Information, Message = "Incident {Incident} of {Tenant}/{Job} is over after {Lasted}")]
    private partial void LogRecovered(string incident, string tenant, string job, string lasted);
}
