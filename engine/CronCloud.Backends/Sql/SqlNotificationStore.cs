using System.Text.Json;
using CronCloud.Core.Alerts;
using CronCloud.Core.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;

namespace CronCloud.Backends.Sql;

/// <summary>News on its way to channels, in SQL.</summary>
public sealed class SqlNotificationStore(SqlDatabase database) : INotificationStore
{
    public Task<IReadOnlyList<WaitingNews>> ReadDueAsync(DateTimeOffset now, int limit, CancellationToken cancellation)
    {
        var due = now.ToUnixTimeMilliseconds();
        return ReadAsync(news => news.Where(n => n.Channel == NotificationRow.NoChannel && n.Due <= due), limit, cancellation);
    }

    public Task<bool> AddressAsync(Addressing addressing, CancellationToken cancellation) => WriteAsync(
        async db =>
        {
            await RemoveAsync(db, addressing.Done, cancellation);
            await WriteAsync(db, addressing.Told, cancellation);
        },
        cancellation);

    public Task<IReadOnlyList<WaitingChannel>> ReadChannelsAsync(DateTimeOffset now, int limit, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<WaitingChannel>>(
        async db =>
        {
            var none = Allowance.NoneAfter(now).ToUnixTimeMilliseconds();
            var channels =
                from channel in db.GetTable<NotificationRow>().Where(n => n.Channel != NotificationRow.NoChannel).Select(n => new { n.Tenant, n.Channel }).Distinct()
                from allowance in db.GetTable<AllowanceRow>().LeftJoin(a => a.Tenant == channel.Tenant && a.Channel == channel.Channel)
                where allowance.FullAt == null || allowance.FullAt <= none
                select new { channel.Tenant, channel.Channel, allowance.FullAt };
            return (await channels.Take(limit).ToListAsync(cancellation)).ConvertAll(c => new WaitingChannel(c.Tenant, c.Channel, c.FullAt is { } full ? DateTimeOffset.FromUnixTimeMilliseconds(full) : null));
        },
        cancellation);

    public Task<IReadOnlyList<WaitingNews>> ReadWaitingAsync(string tenant, string channel, int limit, CancellationToken cancellation) =>
        ReadAsync(news => news.Where(n => n.Tenant == tenant && n.Channel == channel && n.Channel != NotificationRow.NoChannel), limit, cancellation);

    public Task<bool> ComposeAsync(WaitingChannel channel, Composition composition, DateTimeOffset now, CancellationToken cancellation) => WriteAsync(
        async db =>
        {
            if (composition.Messages.Count > 0)
                await UseAsync(db, channel, Allowance.After(now, channel.FullAt, composition.Messages.Count), cancellation);
            await RemoveAsync(db, [.. composition.Dropped, .. composition.Messages.SelectMany(m => m.News)], cancellation);
            foreach (var message in composition.Messages)
                await db.InsertAsync(RowOf(message, channel.Channel), token: cancellation);
        },
        cancellation);

    public Task<int> HoldAsync(DateTimeOffset now, CancellationToken cancellation) => database.WriteAsync(
        db =>
        {
            var none = Allowance.NoneAfter(now).ToUnixTimeMilliseconds();
            return db.GetTable<NotificationRow>()
                .Where(n => n.Channel != NotificationRow.NoChannel && n.IsHeld == 0 && db.GetTable<AllowanceRow>().Any(a => a.Tenant == n.Tenant && a.Channel == n.Channel && a.FullAt > none))
                .Set(n => n.IsHeld, 1)
                .UpdateAsync(cancellation);
        },
        cancellation);

    public async Task<IReadOnlyList<OutgoingMessage>> ClaimAsync(DateTimeOffset now, TimeSpan lease, int limit, CancellationToken cancellation)
    {
        var (due, until) = (now.ToUnixTimeMilliseconds(), (now + lease).ToUnixTimeMilliseconds());
        var rows = await database.ReadAsync(db => db.GetTable<AlertMessageRow>().Where(m => m.Due <= due).OrderBy(m => m.Due).ThenBy(m => m.Id).Take(limit).ToListAsync(cancellation), cancellation);
        var claimed = new List<OutgoingMessage>();
        foreach (var row in rows)
        {
            var isOurs = await database.WriteAsync(db => Seen(db, row.Tenant, row.Id, row.Version).Set(m => m.Due, until).Set(m => m.Version, row.Version + 1).UpdateAsync(cancellation), cancellation) == 1;
            if (isOurs)
                claimed.Add(MessageOf(row) with { Version = row.Version + 1 });
        }

        return claimed;
    }

    public Task<bool> EndAsync(OutgoingMessage message, IReadOnlyList<IncidentEvent> events, CancellationToken cancellation) => WriteAsync(
        async db =>
        {
            ChangedMeanwhileException.ThrowUnless(await Seen(db, message.Message.Tenant, message.Message.Id, message.Version).DeleteAsync(cancellation) == 1);
            await SqlIncidentStore.WriteAsync(db, events, cancellation);
        },
        cancellation);

    public Task<bool> RetryAsync(OutgoingMessage message, DateTimeOffset at, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var due = at.ToUnixTimeMilliseconds();
            return await Seen(db, message.Message.Tenant, message.Message.Id, message.Version).Set(m => m.Due, due).Set(m => m.Tries, message.Tries + 1).UpdateAsync(cancellation) == 1;
        },
        cancellation);

    internal static async Task WriteAsync(DataConnection db, IReadOnlyList<Notification> notifications, CancellationToken cancellation)
    {
        foreach (var chunk in notifications.Chunk(SqlValues.MaxRows))
        {
            var values = SqlValues.Of(
                chunk,
                (DataType.NVarChar, n => n.Id),
                (DataType.NVarChar, n => n.Tenant),
                (DataType.NVarChar, n => n.JobId),
                (DataType.NVarChar, n => n.IncidentId),
                (DataType.Int32, n => (int)n.Kind),
                (DataType.Int64, n => n.Due.ToUnixTimeMilliseconds()),
                (DataType.NVarChar, n => n.Channel ?? NotificationRow.NoChannel),
                (DataType.Int32, _ => 0));
            await db.ExecuteAsync($"INSERT INTO notifications (id, tenant, job_id, incident_id, kind, due, channel, is_held) VALUES {values.Text} ON CONFLICT (id) DO NOTHING", cancellation, values.Parameters);
        }
    }

    /// <summary>All of it, or the transaction is undone: another node took some of it.</summary>
    private static async Task RemoveAsync(DataConnection db, IReadOnlyList<Notification> notifications, CancellationToken cancellation)
    {
        foreach (var chunk in notifications.Select(n => n.Id).Order(StringComparer.Ordinal).Chunk(SqlValues.MaxRows))
            ChangedMeanwhileException.ThrowUnless(await db.GetTable<NotificationRow>().Where(n => chunk.Contains(n.Id)).DeleteAsync(cancellation) == chunk.Length);
    }

    /// <summary>Conditional on the allowance that was seen, so that two nodes do not use the same.</summary>
    private static async Task UseAsync(DataConnection db, WaitingChannel channel, DateTimeOffset fullAt, CancellationToken cancellation)
    {
        var written = await db.ExecuteAsync(
            """
            INSERT INTO channel_allowances (tenant, channel, full_at) VALUES (@tenant, @channel, @full)
            ON CONFLICT (tenant, channel) DO UPDATE SET full_at = excluded.full_at WHERE channel_allowances.full_at = @seen
            """,
            cancellation,
            new DataParameter("tenant", channel.Tenant),
            new DataParameter("channel", channel.Channel),
            new DataParameter("full", fullAt.ToUnixTimeMilliseconds()),
            new DataParameter("seen", (channel.FullAt ?? DateTimeOffset.UnixEpoch).ToUnixTimeMilliseconds()));
        ChangedMeanwhileException.ThrowUnless(written == 1);
    }

    private static IQueryable<AlertMessageRow> Seen(DataConnection db, string tenant, string id, long version) =>
        db.GetTable<AlertMessageRow>().Where(m => m.Tenant == tenant && m.Id == id && m.Version == version);

    private static AlertMessageRow RowOf(ComposedMessage composed, string channel) => new()
    {
        Tenant = composed.Message.Tenant,
        Id = composed.Message.Id,
        Channel = channel,
        Due = composed.Message.At.ToUnixTimeMilliseconds(),
        Message = JsonSerializer.Serialize(composed.Message, CoreJson.Options),
        Incidents = JsonSerializer.Serialize(composed.News.Select(n => n.IncidentId).Distinct(), CoreJson.Options),
    };

    private static OutgoingMessage MessageOf(AlertMessageRow row) => new()
    {
        Message = JsonSerializer.Deserialize<AlertMessage>(row.Message, CoreJson.Options) ?? throw new JsonException("A stored message must not be null."),
        Channel = row.Channel,
        Incidents = JsonSerializer.Deserialize<List<string>>(row.Incidents, CoreJson.Options) ?? throw new JsonException("A stored message has incidents."),
        Tries = row.Tries,
        Version = row.Version,
    };

    private Task<IReadOnlyList<WaitingNews>> ReadAsync(Func<IQueryable<NotificationRow>, IQueryable<NotificationRow>> filter, int limit, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<WaitingNews>>(
        async db =>
        {
            var news =
                from notification in filter(db.GetTable<NotificationRow>()).OrderBy(n => n.Due).ThenBy(n => n.Id).Take(limit)
                join incident in db.GetTable<IncidentRow>() on new { notification.Tenant, Id = notification.IncidentId } equals new { incident.Tenant, incident.Id }
                orderby notification.Due, notification.Id
                select new { Notification = notification, Incident = incident };
            return (await news.ToListAsync(cancellation)).ConvertAll(n => new WaitingNews(n.Notification.ToNotification(), n.Incident.ToIncident()));
        },
        cancellation);

    private async Task<bool> WriteAsync(Func<DataConnection, Task> write, CancellationToken cancellation)
    {
        try
        {
            return await database.WriteAsync(
                async db =>
                {
                    await write(db);
                    return true;
                },
                cancellation);
        }
        catch (ChangedMeanwhileException)
        {
            return false;
        }
    }
}
