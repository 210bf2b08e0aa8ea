using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Alerts;

/// <summary>
/// What outcomes of a job make of its health: pure, the health as the record has it and the outcomes in; the health as it will be, and what is to be written with it, out.
/// Outcomes that come again change nothing.
/// </summary>
public sealed record HealthChange
{
    /// <summary>Trouble that comes together is told together: nobody is told of it before this has passed.</summary>
    public static readonly TimeSpan Gathering = TimeSpan.FromSeconds(5);

    private const int MaxErrorLength = 500;

    private readonly Func<string> _newId;

    private HealthChange(JobHealth health, Func<string> newId) => (Health, _newId) = (health, newId);

    public JobHealth Health { get; private init; }

    /// <summary>New and changed ones, the older first; the health's own is among them if it changed.</summary>
    public IReadOnlyList<Incident> Incidents { get; private init; } = [];

    public IReadOnlyList<IncidentEvent> Events { get; private init; } = [];

    public IReadOnlyList<Notification> Notifications { get; private init; } = [];

    /// <summary>Null when nothing changes. By time, not in the order in which they were read: what is over is not opened anew.</summary>
    /// <param name="health">As the record has it.</param>
    /// <param name="outcomes">Of the job.</param>
    /// <param name="newId">Makes the id of an incident, one that no other has: that an outcome opens no second one is told by the health, and not by the id.</param>
    public static HealthChange? Of(JobHealth health, IEnumerable<Outcome> outcomes, Func<string> newId)
    {
        var change = new HealthChange(health, newId);
        foreach (var outcome in outcomes.OrderBy(o => o.EndedAt).ThenBy(o => o.Execution.ScheduledAt).ThenBy(o => o.Execution.Attempt))
            change = change.After(outcome);
        return ReferenceEquals(change.Health, health) ? null : change with { Health = change.Health with { Version = health.Version + 1 } };
    }

    /// <summary>
    /// Ends a job's incident without a recovery and without a message. What was wrong by then is over, also where it is read again; not before it was seen last, whatever this
    /// node's clock says.
    /// </summary>
    public static HealthChange Closed(JobHealth health, string because, DateTimeOffset now)
    {
        var incident = health.Incident ?? throw new ArgumentException("There is no incident to close.", nameof(health));
        var at = now > health.LatestAt ? now : health.LatestAt;
        var closed = incident with { State = IncidentState.Resolved, ResolvedAt = at, ClosedBecause = because, Version = incident.Version + 1 };
        var calm = health with { Version = health.Version + 1, Incident = null, Streak = new FailureStreak { CalmAt = at }, Symptoms = [.. health.Symptoms.Select(s => s.OverAt is null ? s with { OverAt = at } : s)] };
        return new HealthChange(calm, () => throw new InvalidOperationException("A closing opens nothing."))
        {
            Incidents = [closed],
            Events = [new IncidentEvent { Tenant = incident.Tenant, IncidentId = incident.Id, At = at, Kind = IncidentEventKind.Closed, Detail = because }],
        };
    }

    private HealthChange After(Outcome outcome)
    {
        var streak = Health.Streak.After(outcome);
        var change = ReferenceEquals(streak, Health.Streak) ? this : this with { Health = Health with { Streak = streak } };
        foreach (var trouble in Trouble.Of(outcome, streak.Holds(outcome) ? streak.Count : 0))
            change = change.With(trouble, outcome);
        return change.Recovered(outcome);
    }

    private HealthChange With(Trouble trouble, Outcome outcome)
    {
        var old = Health.Symptoms.FirstOrDefault(s => s.Kind == trouble.Kind);
        var symptom = old?.With(trouble) ?? Symptom.Of(trouble);
        if (ReferenceEquals(symptom, old))
            return this;
        var change = this with { Health = Health with { Symptoms = [.. Health.Symptoms.Where(s => s != old), symptom] } };
        return Health.Incident is { } incident ? change.Worse(incident, trouble, outcome) : change.Opened(trouble, outcome);
    }

    private HealthChange Opened(Trouble trouble, Outcome outcome)
    {
        var incident = new Incident
        {
            Id = _newId(),
            Tenant = Health.Job.Tenant,
            JobId = Health.Job.Id,
            Kinds = [trouble.Kind],
            Summary = trouble.Summary,
            State = IncidentState.Open,
            OpenedAt = trouble.At,
            LastSeenAt = trouble.At,
            Failures = Health.Streak.Count,
            LastError = ErrorOf(outcome),
            LastExecutionId = outcome.Execution.ExecutionId,
            Destination = outcome.Execution.Target.Destination,
            Version = 1,
        };
        return Put(incident) with
        {
            Events = [.. Events, EventOf(incident, IncidentEventKind.Opened, trouble)],
            Notifications = [.. Notifications, Notification.Of(incident, AlertKind.Opened, trouble.At + Gathering)],
        };
    }

    private HealthChange Worse(Incident incident, Trouble trouble, Outcome outcome)
    {
        var isNew = !incident.Kinds.Contains(trouble.Kind);
        var worse = incident with
        {
            Kinds = isNew ? [.. incident.Kinds, trouble.Kind] : incident.Kinds,
            Summary = Summary(Health.Symptoms),
            LastSeenAt = trouble.At > incident.LastSeenAt ? trouble.At : incident.LastSeenAt,
            Failures = Health.Streak.Count > 0 ? Health.Streak.Count : incident.Failures,
            LastError = ErrorOf(outcome) ?? incident.LastError,
            LastExecutionId = outcome.Execution.ExecutionId,
            Destination = outcome.Execution.Target.Destination,
        };
        var change = Changed(worse);
        return isNew ? change with { Events = [.. Events, EventOf(incident, IncidentEventKind.Added, trouble)] } : change;
    }

    private HealthChange Recovered(Outcome outcome)
    {
        var symptoms = Health.Symptoms.Select(s => s.After(outcome).After(Health.Streak)).ToList();
        if (symptoms.SequenceEqual(Health.Symptoms, ReferenceEqualityComparer.Instance))
            return this;
        var change = this with { Health = Health with { Symptoms = symptoms } };
        if (Health.Incident is not { } incident)
            return change;
        if (symptoms.Exists(s => s.OverAt is null))
            return change.Changed(incident with { Summary = Summary(symptoms) });
        var resolved = incident with { State = IncidentState.Resolved, ResolvedAt = symptoms.Max(s => s.OverAt) };
        return change.Changed(resolved) with
        {
            Events = [.. Events, new IncidentEvent { Tenant = incident.Tenant, IncidentId = incident.Id, At = resolved.ResolvedAt!.Value, Kind = IncidentEventKind.Recovered }],
            Notifications = [.. Notifications, Notification.Of(resolved, AlertKind.Recovered, resolved.ResolvedAt.Value)],
        };
    }

    /// <summary>However often it changes here, it is written once.</summary>
    private HealthChange Changed(Incident incident) => Put(Incidents.Any(i => i.Id == incident.Id) ? incident : incident with { Version = incident.Version + 1 });

    private HealthChange Put(Incident incident) => this with
    {
        Health = Health with { Incident = incident.State == IncidentState.Resolved ? null : incident },
        Incidents = [.. Incidents.Where(i => i.Id != incident.Id), incident],
    };

    /// <summary>Of what goes on.</summary>
    private static string Summary(IEnumerable<Symptom> symptoms) => string.Join("; ", symptoms.Where(s => s.OverAt is null).Select(s => s.Summary));

    private static IncidentEvent EventOf(Incident incident, IncidentEventKind kind, Trouble trouble) =>
        new() { Tenant = incident.Tenant, IncidentId = incident.Id, At = trouble.At, Kind = kind, Trouble = trouble.Kind, Detail = trouble.Summary };

    private static string? ErrorOf(Outcome outcome) => outcome.Error is { Length: > MaxErrorLength } longText ? longText[..MaxErrorLength] : outcome.Error;
}
