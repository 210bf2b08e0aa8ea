using System.Globalization;
using LinqToDB;
using LinqToDB.Data;

namespace CronCloud.Backends.Sql;

/// <summary>Many rows as the VALUES of one statement: a round trip each would take the settler's time.</summary>
/// <param name="Text">Parenthesized rows of parameters, joined by commas.</param>
/// <param name="Parameters">Their values.</param>
internal sealed record SqlValues(string Text, DataParameter[] Parameters)
{
    /// <summary>Rows per statement.</summary>
    public const int MaxRows = 200;

    /// <summary>A statement for as many rows at a time as one may have. Answers how many rows it wrote.</summary>
    public static async Task<int> ExecuteAsync<T>(
        DataConnection db, IEnumerable<T> rows, Func<string, string> statementOf, CancellationToken cancellation, params (DataType Type, Func<T, object?> Value)[] columns)
    {
        var written = 0;
        foreach (var chunk in rows.Chunk(MaxRows))
        {
            var values = Of(chunk, columns);
            written += await db.ExecuteAsync(statementOf(values.Text), cancellation, values.Parameters);
        }

        return written;
    }

    public static SqlValues Of<T>(IReadOnlyList<T> rows, params (DataType Type, Func<T, object?> Value)[] columns)
    {
        var parameters = new List<DataParameter>(rows.Count * columns.Length);
        var texts = new List<string>(rows.Count);
        foreach (var row in rows)
        {
            var names = new List<string>(columns.Length);
            foreach (var (type, value) in columns)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"v{parameters.Count}");
                names.Add("@" + name);
                parameters.Add(new DataParameter(name, value(row), type));
            }

            texts.Add($"({string.Join(", ", names)})");
        }

        return new SqlValues(string.Join(", ", texts), [.. parameters]);
    }
}
