namespace CronCloud.Core.Due;

/// <summary>A flight that is given more time.</summary>
/// <param name="Old">As it was seen.</param>
/// <param name="Renewed">As it is to be.</param>
public sealed record Extension(Flight Old, Flight Renewed);
