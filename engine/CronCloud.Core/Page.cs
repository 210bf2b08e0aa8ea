namespace CronCloud.Core;

/// <summary>A part of a list, and where the next part begins; null when this is the last one.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);
