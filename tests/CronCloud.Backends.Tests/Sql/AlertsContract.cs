using CronCloud.Core.Alerts;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Backends.Tests.Sql;

/// <summary>A record with incidents that outcomes made.</summary>
public abstract class AlertsContract
{
    protected static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, 123, TimeSpan.Zero);
    protected static readonly CancellationToken None = CancellationToken.None;

    protected abstract IIncidentStore Incidents { get; }

    protected static JobKey Key(string id, string tenant = "t") => new(tenant, id);

    /// <summary>What an outcome makes of a job's health.</summary>
    protected static HealthChange Change(JobHealth health, AttemptResult result, DateTimeOffset at) => Change(health, [OutcomeOf(health.Job, result, at)]);

    protected static HealthChange Change(JobHealth health, IEnumerable<Outcome> outcomes) => HealthChange.Of(health, outcomes, () => $"inc-{Guid.NewGuid():N}")!;

    /// <summary>A dead letter opens an incident.</summary>
    protected async Task<Incident> FailAsync(string id, DateTimeOffset? at = null, string tenant = "t")
    {
        var change = Change(await HealthAsync(Key(id, tenant)), AttemptResult.Failed, at ?? Now);
        Assert.True(await Incidents.WriteAsync([change], None));
        return change.Health.Incident!;
    }

    protected async Task RecoverAsync(string id, DateTimeOffset at, string tenant = "t") =>
        Assert.True(await Incidents.WriteAsync([Change(await HealthAsync(Key(id, tenant)), AttemptResult.Succeeded, at)], None));

    protected async Task<JobHealth> HealthAsync(JobKey job) => (await Incidents.ReadAsync([job], None)).GetValueOrDefault(job) ?? new JobHealth { Job = job };

    protected static Outcome OutcomeOf(JobKey job, AttemptResult result, DateTimeOffset at) => new()
    {
        Execution = new Execution
        {
            Tenant = job.Tenant,
            JobId = job.Id,
            JobVersion = 1,
            ExecutionId = ExecutionId.Of(job.Id, at),
            ScheduledAt = at,
            Trigger = Trigger.Schedule,
            Attempt = 1,
            Target = new Target { Http = new HttpTarget { Url = "https://example.com/ünï" } },
            Retry = RetryPolicy.Default,
            TraceParent = TraceParent.New(),
        },
        Result = result,
        IsFinal = true,
        StartedAt = at,
        DurationMs = 0,
        Node = "n",
        Error = result == AttemptResult.Succeeded ? null : "answered 'ünï' \\ %",
    };
}
