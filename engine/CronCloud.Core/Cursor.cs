using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CronCloud.Core;

/// <summary>Where a page ended, as an opaque word for URLs. A word that is no cursor of ours reads as a <see cref="FormatException"/>.</summary>
public static class Cursor
{
    public static string Of(string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(position));

    public static string Of(long number, string text) => Of(string.Create(CultureInfo.InvariantCulture, $"{number}/{text}"));

    /// <summary>The position: text that a database takes, whoever wrote it.</summary>
    public static string Read(string cursor)
    {
        var position = Base64Url.IsValid(cursor) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)) : "";
        return position.Length > 0 && !position.Any(char.IsControl) ? position : throw NotOurs();
    }

    /// <summary>The position of a list that is ordered by a number first.</summary>
    public static (long Number, string Text) ReadNumbered(string cursor)
    {
        var parts = Read(cursor).Split('/', 2);
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? (number, parts[1]) : throw NotOurs();
    }

    public static FormatException NotOurs() => new("The cursor is not one that was given out.");
}
