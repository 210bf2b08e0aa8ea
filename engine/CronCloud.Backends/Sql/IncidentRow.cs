using System.Text.Json;
using CronCloud.Core.Alerts;
using CronCloud.Core.Json;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

[Table("incidents")]
internal sealed class IncidentRow
{
    [Column("tenant"), PrimaryKey(1)]
    public string Tenant { get; set; } = "";

    [Column("id"), PrimaryKey(2)]
    public string Id { get; set; } = "";

    [Column("job_id")]
    public string JobId { get; set; } = "";

    [Column("version")]
    public long Version { get; set; }

    [Column("state")]
    public int State { get; set; }

    [Column("opened_at")]
    public long OpenedAt { get; set; }

    /// <summary>0 before.</summary>
    [Column("resolved_at")]
    public long ResolvedAt { get; set; }

    /// <summary>All of it; the columns beside it are what it is found by.</summary>
    [Column("incident")]
    public string Incident { get; set; } = "";

    public static string Write(Incident incident) => JsonSerializer.Serialize(incident, CoreJson.Options);

    public static Incident Read(string incident) => JsonSerializer.Deserialize<Incident>(incident, CoreJson.Options) ?? throw new JsonException("A stored incident must not be null.");

    public Incident ToIncident() => Read(Incident);
}

[Table("incident_events")]
internal sealed class IncidentEventRow
{
    [Column("tenant"), PrimaryKey(1)]
    public string Tenant { get; set; } = "";

    [Column("incident_id"), PrimaryKey(2)]
    public string IncidentId { get; set; } = "";

    [Column("event_key"), PrimaryKey(3)]
    public string Key { get; set; } = "";

    [Column("at")]
    public long At { get; set; }

    [Column("kind")]
    public int Kind { get; set; }

    [Column("event")]
    public string Event { get; set; } = "";

    public IncidentEvent ToEvent() => JsonSerializer.Deserialize<IncidentEvent>(Event, CoreJson.Options) ?? throw new JsonException("A stored event must not be null.");
}

[Table("job_health")]
internal sealed class JobHealthRow
{
    [Column("tenant"), PrimaryKey(1)]
    public string Tenant { get; set; } = "";

    [Column("job_id"), PrimaryKey(2)]
    public string JobId { get; set; } = "";

    [Column("version")]
    public long Version { get; set; }

    [Column("is_calm")]
    public int IsCalm { get; set; }

    [Column("at")]
    public long At { get; set; }

    [Column("health")]
    public string Health { get; set; } = "";
}
