using System.Globalization;

namespace CronCloud.Faults.Nemesis;

/// <summary>Every fault that a storm may bring.</summary>
public static class FaultMatrix
{
    public static IReadOnlyList<Fault> All { get; } = [.. NodeFaults.All, .. ServerFaults.All, .. RedisFaults.All, .. ClockFaults.All, .. MessageFaults.All, .. NetworkFaults.All, .. DiskFaults.All, .. ResourceFaults.All];

    /// <summary>Those of rows of the matrix, or whose names have that text; several are divided by commas.</summary>
    public static IReadOnlyList<Fault> Named(string rowsOrNames) => [.. rowsOrNames.Split(',', StringSplitOptions.TrimEntries).SelectMany(Matching).Distinct()];

    private static IEnumerable<Fault> Matching(string rowOrName) =>
        All.Where(f => int.TryParse(rowOrName, NumberStyles.None, CultureInfo.InvariantCulture, out var row) ? f.Number == row : f.Name.Contains(rowOrName, StringComparison.OrdinalIgnoreCase));
}
