using System.Text;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.History;

/// <summary>Text as the full-text index has it. SQLite's own functions know fewer letters' cases than .NET, so all letters are made capital before.</summary>
internal static class SqliteText
{
    /// <summary>The index knows texts by every three characters in a row.</summary>
    private const int Shortest = 3;

    public static void AddFunctions(SqliteConnection connection)
    {
        connection.CreateFunction("folded", (string? text) => Folded(text), isDeterministic: true);
        connection.CreateFunction("holds", (string? whole, string part) => whole?.Contains(part, StringComparison.OrdinalIgnoreCase) == true, isDeterministic: true);
    }

    public static string? Folded(string? text) => text?.ToUpperInvariant().Replace('\0', '\uFFFD');

    /// <summary>Adds the condition that an attempt's output or error holds the text. One that is too short for the index is looked for in every row.</summary>
    public static string Condition(string text, SqliteCommand command)
    {
        if (text.EnumerateRunes().Take(Shortest).Count() < Shortest)
        {
            command.Parameters.AddWithValue("$text", text);
            return "(holds(output, $text) OR holds(error, $text))";
        }

        command.Parameters.AddWithValue("$phrase", $"\"{Folded(text)!.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
        return "id IN (SELECT rowid FROM attempts_text WHERE attempts_text MATCH $phrase)";
    }
}
