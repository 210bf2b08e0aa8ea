using CronCloud.Core.Jobs;

namespace CronCloud.Core.Alerts;

/// <summary>Who is told of news that is due, by the job as it is now: pure.</summary>
/// <param name="Done">Notifications without a channel that are over with.</param>
/// <param name="Told">What takes their place: a notification for each channel, and the next reminder.</param>
/// <param name="Closed">Incidents that end with it, since their job is gone.</param>
public sealed record Addressing(IReadOnlyList<Notification> Done, IReadOnlyList<Notification> Told, IReadOnlyList<IncidentChange> Closed)
{
    public const string JobDeleted = "the job was deleted";
    public const string NeverDueAgain = "the job is not due again";

    public static readonly Addressing Nothing = new([], [], []);

    private static readonly TroubleKind[] OfTime = [TroubleKind.Late, TroubleKind.Missed, TroubleKind.Slow];

    /// <summary>
    /// A paused job's reminders wait for its resumption: it cannot recover, and whoever paused it knows. A job that is never due again cannot be in time again either: its
    /// incident ends, unless an execution failed, which can be redriven.
    /// </summary>
    public static Addressing Of(Notification news, Incident incident, Job? job, DateTimeOffset now)
    {
        if (job is null or { State: JobState.Deleted } || job.CreatedAt > incident.OpenedAt + Incident.ClockTolerance)
            return new Addressing([news], [], incident.State == IncidentState.Resolved ? [] : [IncidentChange.Closed(incident, JobDeleted, now)]);
        if (!news.IsWanted(incident))
            return new Addressing([news], [], []);
        if (news.Kind == AlertKind.Reminder && job.State == JobState.Active && job.NextDue(now) is null && incident.Kinds.All(OfTime.Contains))
            return new Addressing([news], [], [IncidentChange.Closed(incident, NeverDueAgain, now)]);

        var told = news.Kind == AlertKind.Reminder && job.State == JobState.Paused ? [] : job.Definition.Alerts.Channels.Distinct().Select(news.For);
        return new Addressing([news], news.Kind == AlertKind.Recovered ? [.. told] : [.. told, Notification.Of(incident, AlertKind.Reminder, now + job.Definition.Alerts.RemindEvery)], []);
    }

    /// <summary>Several in one; an incident that two of them end ends once.</summary>
    public Addressing And(Addressing other) => new([.. Done, .. other.Done], [.. Told, .. other.Told], [.. Closed.Concat(other.Closed).DistinctBy(c => (c.Next.Tenant, c.Next.Id))]);
}
