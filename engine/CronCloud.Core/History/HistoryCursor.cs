using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CronCloud.Core.History;

/// <summary>The last execution of a page: the next page goes on behind it.</summary>
public sealed record HistoryCursor(DateTimeOffset ScheduledAt, string ExecutionId)
{
    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{ScheduledAt.ToUnixTimeMilliseconds()}/{ExecutionId}")));

    /// <summary>Null when the text is no cursor of ours.</summary>
    public static HistoryCursor? Parse(string text)
    {
        if (!Base64Url.IsValid(text))
            return null;
        var plain = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        var slash = plain.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && long.TryParse(plain.AsSpan(0, slash), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ms) && Math.Abs(ms) < 200_000_000_000_000
            ? new HistoryCursor(DateTimeOffset.FromUnixTimeMilliseconds(ms), plain[(slash + 1)..])
            : null;
    }
}
