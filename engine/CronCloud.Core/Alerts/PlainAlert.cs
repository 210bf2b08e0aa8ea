using System.Text;

namespace CronCloud.Core.Alerts;

internal static class PlainAlert
{
    public static string Of(string lead, IReadOnlyList<AlertEntry> entries, int omitted, string foot)
    {
        var text = new StringBuilder().Append(lead).Append('\n');
        foreach (var entry in entries)
        {
            text.Append('\n').Append(entry.Head).Append('\n');
            foreach (var (name, value) in entry.Facts.Concat(entry.Links))
                text.Append("  ").Append(name.PadRight(12)).Append(value).Append('\n');
        }

        if (omitted > 0)
            text.Append("\nand ").Append(omitted).Append(" more.\n");
        return text.Append('\n').Append(foot).Append('\n').ToString();
    }
}
