using System.Buffers.Text;
using System.Text;

namespace CronCloud.Core;

/// <summary>Where a page ended, as an opaque word for URLs.</summary>
public static class Cursor
{
    public static string Of(string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(position));

    /// <summary>The position; a word that is no cursor of ours reads as a <see cref="FormatException"/>.</summary>
    public static string Read(string cursor) =>
        Base64Url.IsValid(cursor) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)) : throw new FormatException("The cursor is not one that was given out.");
}
