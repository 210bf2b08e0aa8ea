using System.Globalization;

namespace CronCloud.Core.Jobs;

/// <summary>Which HTTP statuses count as success, written as <c>200-299</c> or <c>200,204,300-399</c>.</summary>
public sealed class SuccessRule
{
    public const string Default = "200-299";

    private readonly (int From, int To)[] _ranges;

    private SuccessRule((int From, int To)[] ranges) => _ranges = ranges;

    public bool Includes(int status) => Array.Exists(_ranges, r => r.From <= status && status <= r.To);

    /// <summary>At most 16 parts, each a status of 100 to 599 or a rising range of them.</summary>
    public static SuccessRule? Parse(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        if (parts.Length > 16)
            return null;

        var ranges = new (int From, int To)[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            var ends = parts[i].Split('-');
            if (ends.Length > 2 || !Status(ends[0], out var from) || !Status(ends[^1], out var to) || to < from)
                return null;
            ranges[i] = (from, to);
        }

        return new SuccessRule(ranges);
    }

    private static bool Status(string text, out int status) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 100 and <= 599;
}
