using System.Text.Json;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Sql;

[Table("jobs")]
internal sealed class JobRow
{
    [Column("tenant"), PrimaryKey(1)]
    public string Tenant { get; set; } = "";

    [Column("id"), PrimaryKey(2)]
    public string Id { get; set; } = "";

    [Column("part")]
    public int Partition { get; set; }

    [Column("version")]
    public long Version { get; set; }

    [Column("state")]
    public int State { get; set; }

    [Column("definition")]
    public string Definition { get; set; } = "";

    [Column("destination")]
    public string Destination { get; set; } = "";

    /// <summary>A line per tag, <c>\nname:value\n</c>, so that one LIKE finds a whole tag.</summary>
    [Column("tags")]
    public string Tags { get; set; } = "";

    /// <summary>Id and description in lower case.</summary>
    [Column("search")]
    public string Search { get; set; } = "";

    /// <summary>The last occurrence; null when endless.</summary>
    [Column("ends_at")]
    public long? EndsAt { get; set; }

    /// <summary>No later than when the job is due next; null when it never is again. Brought up to date now and then.</summary>
    [Column("next_due")]
    public long? NextDue { get; set; }

    [Column("created_at")]
    public long CreatedAt { get; set; }

    [Column("updated_at")]
    public long UpdatedAt { get; set; }

    public static JobRow Of(Job job) => new()
    {
        Tenant = job.Key.Tenant,
        Id = job.Key.Id,
        Partition = job.Key.Partition,
        Version = job.Version,
        State = (int)job.State,
        Definition = JsonSerializer.Serialize(job.Definition, CoreJson.Options),
        Destination = job.Definition.Target.Destination,
        Tags = string.Concat(job.Definition.Tags.Select(t => TagLine(t.Key, t.Value))),
        Search = $"{job.Key.Id} {job.Definition.Description}".ToLowerInvariant(),
        EndsAt = job.Schedule().Last?.ToUnixTimeMilliseconds(),
        NextDue = job.NextDue(job.UpdatedAt)?.ToUnixTimeMilliseconds(),
        CreatedAt = job.CreatedAt.ToUnixTimeMilliseconds(),
        UpdatedAt = job.UpdatedAt.ToUnixTimeMilliseconds(),
    };

    public static string TagLine(string name, string value) => $"\n{name}:{value}\n";

    public static JobDefinition Read(string definition) =>
        JsonSerializer.Deserialize<JobDefinition>(definition, CoreJson.Options) ?? throw new JsonException("A stored definition must not be null.");

    public Job ToJob() => new()
    {
        Key = new JobKey(Tenant, Id),
        Definition = Read(Definition),
        State = (JobState)State,
        Version = Version,
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(CreatedAt),
        UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(UpdatedAt),
    };
}

[Table("revisions")]
internal sealed class RevisionRow
{
    [Column("tenant"), PrimaryKey(1)]
    public string Tenant { get; set; } = "";

    [Column("job_id"), PrimaryKey(2)]
    public string JobId { get; set; } = "";

    [Column("version"), PrimaryKey(3)]
    public long Version { get; set; }

    [Column("at")]
    public long At { get; set; }

    [Column("made_by")]
    public string By { get; set; } = "";

    [Column("action")]
    public string Action { get; set; } = "";

    [Column("state")]
    public int State { get; set; }

    [Column("definition")]
    public string Definition { get; set; } = "";

    /// <summary>The revision that made the job what the row says.</summary>
    public static RevisionRow Of(JobRow job, Revision revision) => new()
    {
        Tenant = job.Tenant,
        JobId = job.Id,
        Version = revision.Version,
        At = revision.At.ToUnixTimeMilliseconds(),
        By = revision.By,
        Action = revision.Action,
        State = (int)revision.State,
        Definition = job.Definition,
    };

    public Revision ToRevision() => new(Version, DateTimeOffset.FromUnixTimeMilliseconds(At), By, Action, (JobState)State, JobRow.Read(Definition));
}
