using CronCloud.Core.Jobs;

namespace CronCloud.Core.Alerts;

/// <summary>What is known of a job that failed lately or is in trouble. A sound job has none.</summary>
public sealed record JobHealth
{
    public required JobKey Job { get; init; }

    /// <summary>0 when the record has none; every write makes a new one, one higher than the last.</summary>
    public long Version { get; init; }

    public FailureStreak Streak { get; init; } = FailureStreak.None;

    /// <summary>At most one of each kind.</summary>
    public IReadOnlyList<Symptom> Symptoms { get; init; } = [];

    /// <summary>The job's open or acknowledged incident.</summary>
    public Incident? Incident { get; init; }

    /// <summary>Whether nothing is wrong any more.</summary>
    [JsonIgnore]
    public bool IsCalm => Streak.Count == 0 && Symptoms.All(s => s.OverAt is not null);

    /// <summary>When something was wrong last, or became better.</summary>
    [JsonIgnore]
    public DateTimeOffset LatestAt =>
        Symptoms.Select(s => s.OverAt ?? s.At).Concat(Streak.Latest.Select(f => f.At)).Append(Streak.CalmAt ?? DateTimeOffset.UnixEpoch).Max();
}
