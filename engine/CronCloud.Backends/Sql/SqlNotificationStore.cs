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
    /// <summary>In one statement.</summary>
    private const int MaxIds = 500;

    public Task<IReadOnlyList<DueNews>> ClaimDueAsync(DateTimeOffset now, TimeSpan lease, int limit, CancellationToken cancellation) => database.WriteAsync<IReadOnlyList<DueNews>>(
        async db =>
        {
            var ids = await db.QueryToListAsync<string>(
                $"SELECT id FROM notifications WHERE channel = '' AND due <= @due ORDER BY due, id LIMIT {limit} {database.SkippingLocked}",
                cancellation,
                new DataParameter("due", now.ToUnixTimeMilliseconds()));
            var (until, due) = ((now + lease).ToUnixTimeMilliseconds(), new List<DueNews>(ids.Count));
            foreach (var chunk in ids.Chunk(MaxIds))
            {
                var rows = await Reading(db, db.GetTable<NotificationRow>().Where(n => chunk.Contains(n.Id))).ToListAsync(cancellation);
                due.AddRange(rows.Select(n => new DueNews(n.Notification.ToNotification(), n.Incident.ToIncident)));
                await db.GetTable<NotificationRow>().Where(n => chunk.Contains(n.Id)).Set(n => n.Due, until).UpdateAsync(cancellation);
            }

            return due;
        },
        cancellation);

    public Task<bool> AddressAsync(Addressing addressing, CancellationToken cancellation) => database.TryWriteAsync(
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
        database.ReadAsync<IReadOnlyList<WaitingNews>>(
            async db =>
            {
                var oldest = db.GetTable<NotificationRow>().Where(n => n.Tenant == tenant && n.Channel == channel && n.Channel != NotificationRow.NoChannel).OrderBy(n => n.Due).ThenBy(n => n.Id).Take(limit);
                return (await Reading(db, oldest).ToListAsync(cancellation)).ConvertAll(n => new WaitingNews(n.Notification.ToNotification(), n.Incident.ToIncident()));
            },
            cancellation);

    public Task<bool> ComposeAsync(WaitingChannel channel, Composition composition, DateTimeOffset now, CancellationToken cancellation) => database.TryWriteAsync(
        async db =>
        {
            if (composition.Messages.Count > 0)
                await UseAsync(db, channel, Allowance.After(now, channel.FullAt, composition.Messages.Count), cancellation);
            await RemoveAsync(db, [.. composition.Dropped, .. composition.Messages.SelectMany(m => m.News)], cancellation);
            foreach (var message in composition.Messages)
                await db.InsertAsync(RowOf(message, channel), token: cancellation);
        },
        cancellation);

    public async Task<DateTimeOffset?> UseAsync(string tenant, string channel, DateTimeOffset now, CancellationToken cancellation)
    {
        while (true) // until nobody used the same meanwhile
        {
            var row = await database.ReadAsync(db => db.GetTable<AllowanceRow>().FirstOrDefaultAsync(a => a.Tenant == tenant && a.Channel == channel, cancellation), cancellation);
            var seen = new WaitingChannel(tenant, channel, row?.FullAt is { } full ? DateTimeOffset.FromUnixTimeMilliseconds(full) : null);
            if (Allowance.At(now, seen.FullAt) == 0)
                return Allowance.NextAt(seen.FullAt!.Value);
            if (await database.TryWriteAsync(db => UseAsync(db, seen, Allowance.After(now, seen.FullAt, 1), cancellation), cancellation))
                return null;
        }
    }

    /// <summary>Rows that another works on are passed over: they are going, or are counted by the other.</summary>
    public Task<int> HoldAsync(DateTimeOffset now, CancellationToken cancellation) => database.WriteAsync(
        db => db.ExecuteAsync(
            $"""
            UPDATE notifications SET is_held = 1 WHERE id IN (
              SELECT id FROM notifications
              WHERE channel <> '' AND is_held = 0
                AND EXISTS (SELECT 1 FROM channel_allowances WHERE channel_allowances.tenant = notifications.tenant AND channel_allowances.channel = notifications.channel AND full_at > @none)
              {database.SkippingLocked})
            """,
            cancellation,
            new DataParameter("none", Allowance.NoneAfter(now).ToUnixTimeMilliseconds())),
        cancellation);

    public Task<IReadOnlyList<ClaimedMessage>> ClaimAsync(ChannelKind kind, DateTimeOffset now, TimeSpan lease, int limit, CancellationToken cancellation) => database.WriteAsync<IReadOnlyList<ClaimedMessage>>(
        async db =>
        {
            var rows = await db.QueryToListAsync<AlertMessageRow>(
                $"""
                WITH taken AS MATERIALIZED (SELECT tenant, id FROM alert_messages WHERE channel_kind = @kind AND due <= @due ORDER BY due, id LIMIT {limit} {database.SkippingLocked})
                UPDATE alert_messages SET due = @until, version = version + 1, tries = tries + 1 WHERE (tenant, id) IN (SELECT tenant, id FROM taken)
                RETURNING *
                """,
                cancellation,
                new DataParameter("until", (now + lease).ToUnixTimeMilliseconds()),
                new DataParameter("kind", (int)kind),
                new DataParameter("due", now.ToUnixTimeMilliseconds()));
            return rows.ConvertAll(row => new ClaimedMessage(row.Tenant, row.Id, () => MessageOf(row)));
        },
        cancellation);

    public Task<bool> EndAsync(OutgoingMessage message, IReadOnlyList<IncidentEvent> events, CancellationToken cancellation) => database.TryWriteAsync(
        async db =>
        {
            ChangedMeanwhileException.ThrowUnless(await Seen(db, message.Message.Tenant, message.Message.Id, message.Version).DeleteAsync(cancellation) == 1);
            await SqlIncidentStore.WriteAsync(db, events, cancellation);
        },
        cancellation);

    public Task<bool> RetryAsync(OutgoingMessage message, DateTimeOffset at, CancellationToken cancellation) => database.WriteAsync(
        async db =>
        {
            var (due, remaining) = (at.ToUnixTimeMilliseconds(), JsonSerializer.Serialize(message.Remaining, CoreJson.Options));
            return await Seen(db, message.Message.Tenant, message.Message.Id, message.Version).Set(m => m.Due, due).Set(m => m.Remaining, remaining).UpdateAsync(cancellation) == 1;
        },
        cancellation);

    internal static async Task WriteAsync(DataConnection db, IReadOnlyList<Notification> notifications, CancellationToken cancellation)
    {
        await SqlValues.ExecuteAsync(
            db,
            notifications,
            values => $"INSERT INTO notifications (id, tenant, job_id, incident_id, kind, due, channel, is_held) VALUES {values} ON CONFLICT (id) DO NOTHING",
            cancellation,
            (DataType.NVarChar, n => n.Id),
            (DataType.NVarChar, n => n.Tenant),
            (DataType.NVarChar, n => n.JobId),
            (DataType.NVarChar, n => n.IncidentId),
            (DataType.Int32, n => (int)n.Kind),
            (DataType.Int64, n => n.Due.ToUnixTimeMilliseconds()),
            (DataType.NVarChar, n => n.Channel ?? NotificationRow.NoChannel),
            (DataType.Int32, _ => 0));
    }

    /// <summary>All of it, or the transaction is undone: another node took some of it. Two that remove the same wait for each other at the first row.</summary>
    private async Task RemoveAsync(DataConnection db, IReadOnlyList<Notification> notifications, CancellationToken cancellation)
    {
        foreach (var chunk in notifications.Select(n => n.Id).Order(StringComparer.Ordinal).Chunk(SqlValues.MaxRows))
        {
            var ids = SqlValues.Of(chunk, (DataType.NVarChar, id => id));
            await db.QueryToListAsync<string>($"SELECT id FROM notifications WHERE id IN (VALUES {ids.Text}) ORDER BY id {database.Locking}", cancellation, ids.Parameters);
            ChangedMeanwhileException.ThrowUnless(await db.GetTable<NotificationRow>().Where(n => chunk.Contains(n.Id)).DeleteAsync(cancellation) == chunk.Length);
        }
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

    private static AlertMessageRow RowOf(ComposedMessage composed, WaitingChannel channel) => new()
    {
        Tenant = composed.Message.Tenant,
        Id = composed.Message.Id,
        Channel = channel.Channel,
        ChannelKind = (int)channel.Kind,
        Due = composed.Message.At.ToUnixTimeMilliseconds(),
        Message = JsonSerializer.Serialize(composed.Message, CoreJson.Options),
        Incidents = JsonSerializer.Serialize(composed.News.Select(n => n.IncidentId).Distinct(), CoreJson.Options),
    };

    private static OutgoingMessage MessageOf(AlertMessageRow row) => new()
    {
        Message = JsonSerializer.Deserialize<AlertMessage>(row.Message, CoreJson.Options) ?? throw new JsonException("A stored message must not be null."),
        Channel = row.Channel,
        Incidents = JsonSerializer.Deserialize<List<string>>(row.Incidents, CoreJson.Options) ?? throw new JsonException("A stored message has incidents."),
        Remaining = JsonSerializer.Deserialize<List<string>>(row.Remaining, CoreJson.Options) ?? [],
        Tries = row.Tries - 1,
        Version = row.Version,
    };

    private static IQueryable<NewsAndIncident> Reading(DataConnection db, IQueryable<NotificationRow> news) =>
        from notification in news
        join incident in db.GetTable<IncidentRow>() on new { notification.Tenant, Id = notification.IncidentId } equals new { incident.Tenant, incident.Id }
        orderby notification.Due, notification.Id
        select new NewsAndIncident { Notification = notification, Incident = incident };

    private sealed class NewsAndIncident
    {
        public required NotificationRow Notification { get; init; }

        public required IncidentRow Incident { get; init; }
    }
}
