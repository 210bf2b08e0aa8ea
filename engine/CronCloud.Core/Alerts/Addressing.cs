using System.Diagnostics.CodeAnalysis;
using CronCloud.Core.Jobs;

namespace CronCloud.Core.Alerts;

/// <summary>Who is told of news that is due, by the job as it is now: pure.</summary>
/// <param name="Done">Notifications without a channel that are over with.</param>
/// <param name="Told">What takes their place: a notification for each channel, and the next reminder.</param>
public sealed record Addressing(IReadOnlyList<Notification> Done, IReadOnlyList<Notification> Told)
{
    public const string JobDeleted = "the job was deleted";
    public const string NeverDueAgain = "the job is not due again";

    public const string LettersGone = "the job is not due again, and has no dead letter any more";

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

    /// <summary>Whether the job that the incident is of is no more: deleted, or made anew since.</summary>
    public static bool IsGone(Incident incident, [NotNullWhen(false)] Job? job) =>
        job is null or { State: JobState.Deleted } || job.CreatedAt > incident.OpenedAt + Incident.ClockTolerance;

    /// <summary>Whether an incident may have lost what could end it: at a reminder, when its job is never due again.</summary>
    public static bool MayBePast(Notification news, [NotNullWhen(true)] Job? job, DateTimeOffset now) =>
        news.Kind == AlertKind.Reminder && job is { State: JobState.Active } && job.NextDue(now) is null;

    /// <summary>
    /// Whether what goes on could only end with a start in time, which a job that is never due again has no more; failures can, since an execution can be redriven.
    /// </summary>
    public static bool IsPast(JobHealth health) => health.Symptoms.All(s => s.OverAt is not null || OfTime.Contains(s.Kind));

    /// <summary>Whether a dead letter goes on: of a job that is never due again it can end with a redrive alone, and not once the dead letter was discarded.</summary>
    public static bool NeedsRedrive(JobHealth health) => health.Symptoms.Any(s => s.OverAt is null && s.Kind == TroubleKind.DeadLetter);

    public static Addressing All(IReadOnlyCollection<Addressing> parts) => new([.. parts.SelectMany(p => p.Done)], [.. parts.SelectMany(p => p.Told)]);
}
