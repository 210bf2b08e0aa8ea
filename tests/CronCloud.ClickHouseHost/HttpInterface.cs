using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using ZstdSharp;

namespace CronCloud.ClickHouseHost;

/// <summary>One request: statement and rows in, body or the engine's error out.</summary>
static partial class HttpInterface
{
    /// <summary>Names of the query string that speak to the HTTP interface. Every other name is a setting of the engine.</summary>
    static readonly HashSet<string> OwnNames =
    [
        "query", "database", "default_format", "query_id", "session_id", "session_timeout", "session_check", "user", "password", "role", "quota_key",
        "compress", "decompress", "enable_http_compression", "wait_end_of_query", "buffer_size", "client_protocol_version",
    ];

    public static async Task AnswerAsync(HttpContext context, Engine engine)
    {
        var body = await ReadAsync(context.Request);
        await engine.Turn.WaitAsync(context.RequestAborted);
        try
        {
            var result = Run(engine, context.Request.Query, body);
            context.Response.Headers["X-ClickHouse-Summary"] =
                $$"""{"read_rows":"{{result.RowsRead}}","read_bytes":"{{result.BytesRead}}","written_rows":"{{result.RowsWritten}}"}""";
            context.Response.Headers["X-ClickHouse-Timezone"] = "UTC";
            await context.Response.Body.WriteAsync(result.Body);
        }
        catch (EngineException error)
        {
            context.Response.StatusCode = error.Status;
            context.Response.Headers["X-ClickHouse-Exception-Code"] = $"{error.Code}";
            await context.Response.WriteAsync(error.Message);
        }
        finally
        {
            engine.Turn.Release();
        }
    }

    static EngineResult Run(Engine engine, IQueryCollection query, byte[] body)
    {
        engine.Use(query["database"].FirstOrDefault() is { Length: > 0 } database ? database : "default");
        var parameters = query.Where(pair => IsParameter(pair.Key)).Select(pair => KeyValuePair.Create(pair.Key["param_".Length..], $"{pair.Value}")).ToList();
        var settings = new List<string>();
        try
        {
            foreach (var (name, value) in query.Where(pair => !IsParameter(pair.Key) && !OwnNames.Contains(pair.Key)))
            {
                engine.Query($"SET {name} = '{Escaped($"{value}")}'");
                settings.Add(name);
            }

            return InsertHead().Match(Encoding.Latin1.GetString(body, 0, Math.Min(body.Length, 1 << 16))) is { Success: true } head
                ? engine.Insert(body.AsSpan(0, head.Groups["statement"].Length), head.Groups["format"].Value, body.AsSpan(head.Length))
                : engine.Query(body, query["default_format"].FirstOrDefault() ?? "TabSeparated", parameters);
        }
        finally
        {
            foreach (var name in settings) engine.Query($"SET {name} = DEFAULT");
        }
    }

    /// <summary>The statement of the query string, if any, and then the body.</summary>
    static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var whole = new MemoryStream();
        if (request.Query["query"].FirstOrDefault() is { Length: > 0 } statement) await whole.WriteAsync(Encoding.UTF8.GetBytes(statement + "\n"));
        await using var body = request.Headers.ContentEncoding.ToString() switch
        {
            "zstd" => new DecompressionStream(request.Body),
            "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress),
            "br" => new BrotliStream(request.Body, CompressionMode.Decompress),
            _ => request.Body,
        };
        await body.CopyToAsync(whole);
        return whole.ToArray();
    }

    static bool IsParameter(string name) => name.StartsWith("param_", StringComparison.Ordinal);

    static string Escaped(string text) => text.Replace(@"\", @"\\").Replace("'", @"\'");

    [GeneratedRegex(@"\A(?<statement>\s*INSERT\s.+?)\sFORMAT\s+(?<format>\w+)[ \t\r]*\n", RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex InsertHead();
}
