using CronCloud.Core.Alerts;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

[Table("notifications")]
internal sealed class NotificationRow
{
    /// <summary>The channel of news that has none yet.</summary>
    public const string NoChannel = "";

    [Column("id"), PrimaryKey]
    public string Id { get; set; } = "";

    [Column("tenant")]
    public string Tenant { get; set; } = "";

    [Column("job_id")]
    public string JobId { get; set; } = "";

    [Column("incident_id")]
    public string IncidentId { get; set; } = "";

    [Column("kind")]
    public int Kind { get; set; }

    [Column("due")]
    public long Due { get; set; }

    [Column("channel")]
    public string Channel { get; set; } = "";

    /// <summary>Whether it was counted as held back.</summary>
    [Column("is_held")]
    public int IsHeld { get; set; }

    public Notification ToNotification() => new()
    {
        Id = Id,
        Tenant = Tenant,
        JobId = JobId,
        IncidentId = IncidentId,
        Kind = (AlertKind)Kind,
        Due = DateTimeOffset.FromUnixTimeMilliseconds(Due),
        Channel = Channel.Length > 0 ? Channel : null,
    };
}

[Table("channel_allowances")]
internal sealed class AllowanceRow
{
    [Column("tenant"), PrimaryKey(1)]
    public string Tenant { get; set; } = "";

    [Column("channel"), PrimaryKey(2)]
    public string Channel { get; set; } = "";

    /// <summary>Never null in the table: only where a channel has no row.</summary>
    [Column("full_at")]
    public long? FullAt { get; set; }
}

[Table("alert_messages")]
internal sealed class AlertMessageRow
{
    [Column("tenant"), PrimaryKey(1)]
    public string Tenant { get; set; } = "";

    [Column("id"), PrimaryKey(2)]
    public string Id { get; set; } = "";

    [Column("channel")]
    public string Channel { get; set; } = "";

    [Column("channel_kind")]
    public int ChannelKind { get; set; }

    [Column("version")]
    public long Version { get; set; }

    [Column("tries")]
    public int Tries { get; set; }

    [Column("due")]
    public long Due { get; set; }

    [Column("message")]
    public string Message { get; set; } = "";

    [Column("incidents")]
    public string Incidents { get; set; } = "";

    /// <summary>Of the addresses; empty while none has it.</summary>
    [Column("remaining")]
    public string Remaining { get; set; } = "[]";
}
