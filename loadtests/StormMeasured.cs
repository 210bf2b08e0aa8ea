using CronCloud.Faults.Checking;
using CronCloud.Faults.Nemesis;

namespace CronCloud.LoadTests;

/// <summary>What a storm came to, by fault and moment, and everything that was wrong.</summary>
internal sealed record StormMeasured(IReadOnlyList<StormRow> Faults, IReadOnlyList<string> Violations);

internal sealed record StormRow(int Number, string Fault, string Moment, int Repetitions, int Expected, int Missed, int Duplicates, int Explained, int Early, double WorstLatenessMs, int Violations)
{
    public static StormRow Of(int number, string fault, Moment moment, IReadOnlyList<CheckReport> reports) => new(
        number,
        fault,
        moment.ToString(),
        reports.Count,
        reports.Sum(r => r.Expected),
        reports.Sum(r => r.Missed),
        reports.Sum(r => r.Duplicates),
        reports.Sum(r => r.Explained),
        reports.Sum(r => r.Early),
        Math.Round(reports.Max(r => r.WorstLateness.TotalMilliseconds), 1),
        reports.Sum(r => r.Violations.Count));
}
