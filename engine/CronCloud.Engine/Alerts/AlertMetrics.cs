using System.Diagnostics.Metrics;
using CronCloud.Core.Alerts;

namespace CronCloud.Engine.Alerts;

/// <summary>What becomes of trouble and of the messages about it, counted.</summary>
internal static class AlertMetrics
{
    private static readonly Meter Meter = new("CronCloud.Engine");
    private static readonly Counter<long> OpenedCounter = Meter.CreateCounter<long>("croncloud.incidents.opened", "{incident}", "Incidents that were opened, by the kind of trouble that opened them");
    private static readonly Counter<long> ResolvedCounter = Meter.CreateCounter<long>("croncloud.incidents.resolved", "{incident}", "Incidents that ended, by the kind of trouble that opened them");
    private static readonly Counter<long> SentCounter = Meter.CreateCounter<long>("croncloud.notifications.sent", "{message}", "Messages that a channel took, by kind");
    private static readonly Counter<long> FailedCounter = Meter.CreateCounter<long>("croncloud.notifications.failed", "{try}", "Tries to send a message that failed, by what came of it: retried, givenUp");
    private static readonly Counter<long> HeldCounter = Meter.CreateCounter<long>("croncloud.notifications.held", "{notification}", "News that was held back, since its channel had its messages for now");

    public static void Opened(Incident incident) => OpenedCounter.Add(1, KindOf(incident));

    public static void Resolved(Incident incident) => ResolvedCounter.Add(1, KindOf(incident));

    public static void Sent(AlertKind kind) => SentCounter.Add(1, new KeyValuePair<string, object?>("kind", Word(kind)));

    public static void Failed(bool isGivenUp) => FailedCounter.Add(1, new KeyValuePair<string, object?>("end", isGivenUp ? "givenUp" : "retried"));

    public static void Held(int news) => HeldCounter.Add(news);

    private static KeyValuePair<string, object?> KindOf(Incident incident) => new("kind", Word(incident.Kinds[0]));

    /// <summary>As JSON has it.</summary>
    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";
}
