namespace CronCloud.Simulation.Checking;

/// <summary>Something that is not as it must be. It is a violation from the instant on by which it had to be.</summary>
/// <param name="Invariant">Which promise: I1 to I10.</param>
/// <param name="What">In a sentence.</param>
/// <param name="About">What the trace is searched for.</param>
/// <param name="DueBy">Until then it may still come right.</param>
/// <param name="IsYoung">It is about something that became due after the world was healed: a world need not wait for it.</param>
internal sealed record Finding(string Invariant, string What, IReadOnlyCollection<string> About, DateTimeOffset DueBy, bool IsYoung = false)
{
    public static Finding Now(string invariant, string what, params string[] about) => new(invariant, what, about, DateTimeOffset.MinValue);

    public override string ToString() => $"{Invariant}: {What}";
}
