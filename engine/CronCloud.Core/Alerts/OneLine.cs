using System.Globalization;
using System.Text;

namespace CronCloud.Core.Alerts;

/// <summary>What others wrote (names, errors, answers of targets) as a part of our text: on one line, with nothing in it that moves or hides text.</summary>
internal static class OneLine
{
    public static string Of(string text, int maxLength)
    {
        var line = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length + rune.Utf16SequenceLength > maxLength)
                return line.Append('…').ToString();
            if (IsVisible(rune))
                line.Append(rune.ToString());
            else if (line.Length > 0 && line[^1] != ' ')
                line.Append(' ');
        }

        return line.ToString().TrimEnd();
    }

    private static bool IsVisible(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
