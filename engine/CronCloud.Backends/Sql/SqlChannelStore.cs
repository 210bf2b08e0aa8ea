using System.Text.Json;
using CronCloud.Core;
using CronCloud.Core.Alerts;
using CronCloud.Core.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

/// <summary>Channels in SQL. A channel is told from one made anew under its id by when it was created, also where their versions are the same.</summary>
public sealed class SqlChannelStore(SqlDatabase database) : IChannelStore
{
    public Task<Channel?> FindAsync(string tenant, string id, CancellationToken cancellation) => database.ReadAsync(
        async db => (await db.GetTable<ChannelRow>().FirstOrDefaultAsync(c => c.Tenant == tenant && c.Id == id, cancellation))?.ToChannel(),
        cancellation);

    public Task<bool> WriteAsync(Channel channel, CancellationToken cancellation) => database.WriteAsync(
        db => channel.Version == 1 ? InsertAsync(db, ChannelRow.Of(channel), cancellation) : UpdateAsync(db, ChannelRow.Of(channel), cancellation),
        cancellation);

    public Task<bool> RemoveAsync(Channel seen, CancellationToken cancellation) => database.WriteAsync(
        async db => await Seen(db, ChannelRow.Of(seen), seen.Version).DeleteAsync(cancellation) == 1,
        cancellation);

    public Task<Page<Channel>> ListAsync(string tenant, int limit, string? cursor, CancellationToken cancellation) => database.ReadAsync(
        async db =>
        {
            var channels = db.GetTable<ChannelRow>().Where(c => c.Tenant == tenant);
            if (cursor is not null)
            {
                var after = Cursor.Read(cursor);
                channels = channels.Where(c => c.Id.CompareTo(after) > 0);
            }

            var rows = await channels.OrderBy(c => c.Id).Take(limit + 1).ToListAsync(cancellation);
            var page = rows.Take(limit).Select(r => r.ToChannel()).ToList();
            return new Page<Channel>(page, rows.Count > limit ? Cursor.Of(page[^1].Id) : null);
        },
        cancellation);

    private static async Task<bool> InsertAsync(DataConnection db, ChannelRow row, CancellationToken cancellation) => await db.ExecuteAsync(
        """
        INSERT INTO channels (tenant, id, version, target, created_at, updated_at) VALUES (@tenant, @id, @version, @target, @created, @updated)
        ON CONFLICT (tenant, id) DO NOTHING
        """,
        cancellation,
        new DataParameter("tenant", row.Tenant),
        new DataParameter("id", row.Id),
        new DataParameter("version", row.Version),
        new DataParameter("target", row.Target),
        new DataParameter("created", row.CreatedAt),
        new DataParameter("updated", row.UpdatedAt)) == 1;

    private static async Task<bool> UpdateAsync(DataConnection db, ChannelRow row, CancellationToken cancellation) => await Seen(db, row, row.Version - 1)
        .Set(c => c.Version, row.Version)
        .Set(c => c.Target, row.Target)
        .Set(c => c.UpdatedAt, row.UpdatedAt)
        .UpdateAsync(cancellation) == 1;

    private static IQueryable<ChannelRow> Seen(DataConnection db, ChannelRow row, long version) =>
        db.GetTable<ChannelRow>().Where(c => c.Tenant == row.Tenant && c.Id == row.Id && c.Version == version && c.CreatedAt == row.CreatedAt);

    /// <summary>What the column <c>target</c> holds.</summary>
    private sealed record TargetJson(WebhookChannel? Webhook, EmailChannel? Email);

    [Table("channels")]
    private sealed class ChannelRow
    {
        [Column("tenant"), PrimaryKey(1)]
        public string Tenant { get; set; } = "";

        [Column("id"), PrimaryKey(2)]
        public string Id { get; set; } = "";

        [Column("version")]
        public long Version { get; set; }

        [Column("target")]
        public string Target { get; set; } = "";

        [Column("created_at")]
        public long CreatedAt { get; set; }

        [Column("updated_at")]
        public long UpdatedAt { get; set; }

        public static ChannelRow Of(Channel channel) => new()
        {
            Tenant = channel.Tenant,
            Id = channel.Id,
            Version = channel.Version,
            Target = JsonSerializer.Serialize(new TargetJson(channel.Webhook, channel.Email), CoreJson.Options),
            CreatedAt = channel.CreatedAt.ToUnixTimeMilliseconds(),
            UpdatedAt = channel.UpdatedAt.ToUnixTimeMilliseconds(),
        };

        public Channel ToChannel()
        {
            var target = JsonSerializer.Deserialize<TargetJson>(Target, CoreJson.Options)!;
            return new Channel
            {
                Tenant = Tenant,
                Id = Id,
                Webhook = target.Webhook,
                Email = target.Email,
                Version = Version,
                CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(CreatedAt),
                UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(UpdatedAt),
            };
        }
    }
}
