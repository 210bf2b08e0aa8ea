namespace CronCloud.Core.Schedules;

/// <summary>One instant.</summary>
internal sealed class OnceSchedule(ScheduleSpec spec, string seed) : Schedule(spec, seed)
{
    private readonly DateTimeOffset _at = spec.At!.Value;

    private protected override bool IsEndless => false;

    private protected override DateTimeOffset? NextPlain(DateTimeOffset after) => _at > after ? _at : null;

    private protected override string DescribePlain() => $"Once, at {English.Instant(_at)}";
}
