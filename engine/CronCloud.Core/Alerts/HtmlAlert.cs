using System.Net;
using System.Text;

namespace CronCloud.Core.Alerts;

/// <summary>Everything that comes from elsewhere is encoded here, and nowhere else.</summary>
internal static class HtmlAlert
{
    public static string Of(string lead, IReadOnlyList<AlertEntry> entries, int omitted, string foot)
    {
        var html = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"></head>\n<body style=\"font-family:sans-serif;color:#222\">\n");
        html.Append("<p>").Append(Encode(lead)).Append("</p>\n");
        foreach (var entry in entries)
            Append(html, entry);
        if (omitted > 0)
            html.Append("<p>and ").Append(omitted).Append(" more.</p>\n");
        return html.Append("<p style=\"color:#777;font-size:smaller\">").Append(Encode(foot)).Append("</p>\n</body></html>\n").ToString();
    }

    private static void Append(StringBuilder html, AlertEntry entry)
    {
        html.Append("<h3 style=\"margin-bottom:0\">").Append(Encode(entry.Head)).Append("</h3>\n<table>\n");
        foreach (var (name, value) in entry.Facts)
            html.Append("<tr><td style=\"color:#777;padding-right:1em\">").Append(Encode(name)).Append("</td><td>").Append(Encode(value)).Append("</td></tr>\n");
        html.Append("</table>\n");
        if (entry.Links.Count > 0)
            html.Append("<p>").AppendJoin(" · ", entry.Links.Select(link => $"<a href=\"{Encode(link.Value)}\">{Encode(link.Name)}</a>")).Append("</p>\n");
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
