using CronCloud.Core.Jobs;

namespace CronCloud.Core.Alerts;

/// <summary>Who is told of news that is due, by the job as it is now: pure.</summary>
/// <param name="Done">Notifications without a channel that are over with.</param>
/// <param name="Told">What takes their place: a notification for each channel, and the next reminder.</param>
public sealed record Addressing(IReadOnlyList<Notification> Done, IReadOnlyList<Notification> Told)
{
    public const string JobDeleted = "the job was deleted";
    public const string NeverDueAgain = "the job is not due again";

    public static readonly Addressing Nothing = new([], []);

    private static readonly TroubleKind[] OfTime = [TroubleKind.Late, TroubleKind.Missed, TroubleKind.Slow];

    /// <summary>A paused job's reminders wait for its resumption: it cannot recover, and whoever paused it knows.</summary>
    public static Addressing Of(Notification news, Incident incident, Job job, DateTimeOffset now)
    {
        if (!news.IsWanted(incident))
            return new Addressing([news], []);
        var told = news.Kind == AlertKind.Reminder && job.State == JobState.Paused ? [] : job.Definition.Alerts.Channels.Distinct().Select(news.For);
        return new Addressing([news], news.Kind == AlertKind.Recovered ? [.. told] : [.. told, Notification.Of(incident, AlertKind.Reminder, now + job.Definition.Alerts.RemindEvery)]);
    }

    /// <summary>
    /// Why the incident ends without a message; null when it does not. A job that is never due again cannot be in time again either: what is left of such trouble at its first
    /// reminder ends; failures do not, since an execution can be redriven.
    /// </summary>
    public static string? ReasonToClose(Notification news, Incident incident, Job? job, DateTimeOffset now)
    {
        if (job is null or { State: JobState.Deleted } || job.CreatedAt > incident.OpenedAt + Incident.ClockTolerance)
            return JobDeleted;
        return news.Kind == AlertKind.Reminder && job.State == JobState.Active && job.NextDue(now) is null && incident.Kinds.All(OfTime.Contains) ? NeverDueAgain : null;
    }

    public Addressing And(Addressing other) => new([.. Done, .. other.Done], [.. Told, .. other.Told]);
}
