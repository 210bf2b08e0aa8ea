using System.Security.Cryptography;
using System.Text;

namespace CronCloud.Core.Alerts;

/// <summary>What of a channel's news goes into which message: pure. Together with the messages it is written, so that a message sent again is the same one.</summary>
/// <param name="Messages">At most as many as the channel may have now.</param>
/// <param name="Dropped">News that is none any more.</param>
public sealed record Composition(IReadOnlyList<ComposedMessage> Messages, IReadOnlyList<Notification> Dropped)
{
    /// <summary>So many jobs in trouble at one destination are told as the destination's.</summary>
    private const int ManyAtOne = 3;

    private const int MaxItems = 20;

    /// <summary>The worst first.</summary>
    private static readonly AlertKind[] Order = [AlertKind.Opened, AlertKind.Recovered, AlertKind.Reminder];

    public static Composition Of(IReadOnlyList<WaitingNews> waiting, int allowed, DateTimeOffset now)
    {
        var wanted = waiting.Where(w => w.News.IsWanted(w.Incident)).ToList();
        return new Composition(Groups(wanted, allowed).ConvertAll(group => Compose(group, now)), [.. waiting.Where(w => !w.News.IsWanted(w.Incident)).Select(w => w.News)]);
    }

    /// <summary>A message for each incident, and one for many at a destination; if that is more than the channel may have, one for all of a kind; if that is more too, what has waited for longest goes first.</summary>
    private static List<List<WaitingNews>> Groups(List<WaitingNews> wanted, int allowed)
    {
        var kinds = Order.Select(kind => wanted.FindAll(w => w.News.Kind == kind)).Where(group => group.Count > 0).ToList();
        var apart = kinds.SelectMany(kind => kind.GroupBy(w => w.Incident.Destination).SelectMany(d => d.Count() >= ManyAtOne ? [d.ToList()] : d.Select(one => new List<WaitingNews> { one }))).ToList();
        return apart.Count <= allowed ? apart : [.. kinds.OrderBy(kind => kind.Min(w => w.News.Due)).Take(allowed)];
    }

    private static ComposedMessage Compose(List<WaitingNews> group, DateTimeOffset now)
    {
        var incidents = group.Select(w => w.Incident).OrderBy(i => i.OpenedAt).ThenBy(i => i.Id, StringComparer.Ordinal).ToList();
        var message = new AlertMessage
        {
            Id = IdOf(group),
            Tenant = incidents[0].Tenant,
            Kind = group[0].News.Kind,
            At = now,
            Items = [.. incidents.Take(MaxItems).Select(ItemOf)],
            Omitted = Math.Max(0, incidents.Count - MaxItems),
            Destination = incidents.Count >= ManyAtOne && incidents.TrueForAll(i => i.Destination == incidents[0].Destination) ? incidents[0].Destination : null,
        };
        return new ComposedMessage(message, group.ConvertAll(w => w.News));
    }

    /// <summary>Made of what it tells.</summary>
    private static string IdOf(List<WaitingNews> group)
    {
        var ids = string.Join('\n', group.Select(w => w.News.Id).Order(StringComparer.Ordinal));
        return "alert-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ids)))[..32];
    }

    private static AlertItem ItemOf(Incident incident) => new()
    {
        IncidentId = incident.Id,
        JobId = incident.JobId,
        Summary = incident.Summary,
        Since = incident.OpenedAt,
        Until = incident.ResolvedAt,
        ExecutionId = incident.LastExecutionId,
        LastError = incident.LastError,
    };
}

/// <summary>News for a channel, and the incident as it is now.</summary>
public sealed record WaitingNews(Notification News, Incident Incident);

/// <summary>A message, and the news that it tells.</summary>
public sealed record ComposedMessage(AlertMessage Message, IReadOnlyList<Notification> News);
