using System.Globalization;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Alerts;

/// <summary>A message as people read it: a subject of one line, plain text, and the same as HTML. Pure: the message and the links in, the texts out.</summary>
public sealed record AlertText(string Subject, string Text, string Html)
{
    /// <summary>More jobs are counted, not told.</summary>
    public const int MaxItems = 20;

    private const int MaxSubject = 150;
    private const int MaxName = 128;
    private const int MaxSentence = 500;

    public static AlertText Of(AlertMessage message, AlertLinks links)
    {
        var items = message.Items.Take(MaxItems).Select(item => EntryOf(item, links)).ToList();
        var omitted = message.Omitted + message.Items.Count - items.Count;
        var lead = LeadOf(message, items.Count + omitted);
        var foot = $"CronCloud, tenant {OneLine.Of(message.Tenant, MaxName)}, {Instant(message.At)}.";
        return new AlertText(SubjectOf(message, items.Count + omitted), PlainAlert.Of(lead, items, omitted, foot), HtmlAlert.Of(lead, items, omitted, foot));
    }

    private static string SubjectOf(AlertMessage message, int count)
    {
        var what = message switch
        {
            { Items: [] } => "a test of this channel",
            { Items: [var only] } when count == 1 => $"{only.JobId}: {only.Summary}",
            { Destination: { } destination } => $"{count} jobs at {destination}",
            _ => $"{count} jobs, {message.Items[0].JobId} among them",
        };
        return OneLine.Of($"[CronCloud] {Word(message.Kind)}{what}", MaxSubject);
    }

    private static string Word(AlertKind kind) => kind switch
    {
        AlertKind.Reminder => "still in trouble: ",
        AlertKind.Recovered => "recovered: ",
        _ => "",
    };

    private static string LeadOf(AlertMessage message, int count)
    {
        var jobs = count == 1 ? "A job" : $"{count} jobs";
        var (has, isIn) = count == 1 ? ("has", "is") : ("have", "are");
        var sentence = message.Kind switch
        {
            AlertKind.Opened => $"{jobs} {isIn} in trouble.",
            AlertKind.Reminder => $"{jobs} {isIn} still in trouble.",
            AlertKind.Recovered => $"{jobs} {has} recovered.",
            AlertKind.Test => "This is a test: messages of CronCloud arrive here. Nothing is wrong.",
            _ => throw new ArgumentOutOfRangeException(nameof(message), message.Kind, "No such kind."),
        };
        return message.Destination is { } destination ? $"{sentence} What they have in common is their destination, {OneLine.Of(destination, MaxSentence)}." : sentence;
    }

    private static AlertEntry EntryOf(AlertItem item, AlertLinks links) => new(
        $"{OneLine.Of(item.JobId, MaxName)}: {OneLine.Of(item.Summary, MaxSentence)}",
        [
            .. Told("Since", Instant(item.Since)),
            .. Told("Until", item.Until is { } until ? $"{Instant(until)}, after {Durations.Format(Whole(until - item.Since))}" : null),
            .. Told("Execution", item.ExecutionId is { } execution ? OneLine.Of(execution, 2 * MaxName) : null),
            .. Told("Last error", item.LastError is { } error ? OneLine.Of(error, MaxSentence) : null),
        ],
        [
            .. Told("Incident", links.Incident(item.IncidentId)),
            .. Told("Executions", links.Executions(item.JobId)),
            .. Told("Job", links.Job(item.JobId)),
        ]);

    private static IEnumerable<AlertFact> Told(string name, string? value) => value is null ? [] : [new AlertFact(name, value)];

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static TimeSpan Whole(TimeSpan duration) => TimeSpan.FromSeconds(Math.Max(0, Math.Round(duration.TotalSeconds)));
}

/// <summary>What is told of one job: cleaned, and not yet encoded.</summary>
internal sealed record AlertEntry(string Head, IReadOnlyList<AlertFact> Facts, IReadOnlyList<AlertFact> Links);

internal sealed record AlertFact(string Name, string Value);
