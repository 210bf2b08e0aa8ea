using System.Runtime.InteropServices;

namespace CronCloud.Core.Schedules;

/// <summary>
/// How many due times there are, and the sum of them in Unix milliseconds: two sets of due times that are not the same have the same tally by a rare accident only. A time that
/// is missing and another one too many are not told by the count alone.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DueTally(long Count, long SumMs)
{
    public static DueTally operator +(DueTally one, DueTally other) => new(one.Count + other.Count, unchecked(one.SumMs + other.SumMs));

    public static DueTally Of(DateTimeOffset due) => new(1, due.ToUnixTimeMilliseconds());

    /// <summary>So many due times, each one step after the one before.</summary>
    public static DueTally OfSteps(DateTimeOffset first, TimeSpan step, long count) =>
        new(count, unchecked((count * first.ToUnixTimeMilliseconds()) + (step.Ticks / TimeSpan.TicksPerMillisecond * (count * (count - 1) / 2))));

    public DueTally Add(DueTally other) => this + other;
}
