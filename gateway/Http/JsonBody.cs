using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using CronCloud.Core.Jobs;

namespace CronCloud.Gateway.Http;

/// <summary>Reads request bodies: an object, or a problem that says why not.</summary>
internal static class JsonBody
{
    public const int MaxDepth = 32;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>The body as an object; with no body at all, an empty one if that is allowed.</summary>
    public static async Task<(JsonObject? Body, IResult? Refusal)> ReadAsync(HttpRequest request, bool mayBeEmpty = false)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, request.HttpContext.RequestAborted);
        if (buffer.Length == 0 && mayBeEmpty)
            return ([], null);
        var type = request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();
        if (type is not ("application/json" or "application/merge-patch+json"))
            return (null, new Problem(415, "request.media_type", "The request is not JSON", "Send the body with Content-Type: application/json.").ToResult());
        var (body, problem) = Parse(buffer.GetBuffer().AsSpan(0, (int)buffer.Length), "the body");
        return (body, problem?.ToResult());
    }

    /// <summary>A text as an object, or what is wrong with what the problem calls it.</summary>
    public static (JsonObject? Body, Problem? Problem) Parse(ReadOnlySpan<byte> json, string name)
    {
        static Problem Wrong(string message) => Problem.OfFaults([new Fault("", message)]);
        try
        {
            if (!IsUnicode(json))
                return (null, Wrong($"{name} is not JSON: its text is not valid Unicode"));
            return JsonNode.Parse(json, documentOptions: Strict) is JsonObject body ? (body, null) : (null, Wrong($"{name} must be a JSON object"));
        }
        catch (JsonException broken)
        {
            return (null, Wrong($"{name} is not JSON: {FirstSentence(broken.Message)}"));
        }
    }

    /// <summary>The fault that a reading error tells of: its place and what must hold there.</summary>
    public static Fault FaultOf(JsonException error)
    {
        var message = error.Message;
        var pointer = PointerOf(error.Path);
        if (message.Contains("could not be mapped to any", StringComparison.Ordinal))
        {
            var name = Escape(Between(message, "property '", "' could not be mapped"));
            return new Fault(pointer.EndsWith("/" + name, StringComparison.Ordinal) ? pointer : $"{pointer}/{name}", "is no known field");
        }

        if (message.Contains("missing required", StringComparison.Ordinal))
            return new Fault($"{pointer}/{Between(message[message.IndexOf("including", StringComparison.Ordinal)..], "'", "'")}", "is required");
        if (message.Contains("Path:", StringComparison.Ordinal) || message.Contains("could not be converted", StringComparison.Ordinal))
            return new Fault(pointer, "has a value of the wrong type");
        return new Fault(pointer, message);
    }

    private static string FirstSentence(string message)
    {
        var path = message.IndexOf(" Path:", StringComparison.Ordinal);
        return path > 0 ? message[..path] : message;
    }

    /// <summary>A name as a part of a JSON pointer.</summary>
    public static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <summary>Whether all text is well-formed: the parser takes broken UTF-8 and lone surrogates, and whoever reads them throws.</summary>
    public static bool IsUnicode(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            return false;
        if (json.IndexOf("\\u"u8) < 0)
            return true;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Strict.MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String && reader.ValueIsEscaped)
                    reader.GetString();
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string Between(string message, string before, string after)
    {
        var start = message.IndexOf(before, StringComparison.Ordinal) + before.Length;
        var end = message.IndexOf(after, start, StringComparison.Ordinal);
        return start >= before.Length && end >= 0 ? message[start..end] : "";
    }

    /// <summary>$.target.http['x.a'][0] as /target/http/x.a/0.</summary>
    private static string PointerOf(string? path)
    {
        var pointer = new StringBuilder();
        var rest = path is null ? "" : path[1..];
        while (rest.Length > 0)
        {
            var (start, close) = rest switch
            {
                ['[', '\'', ..] => (2, "']"),
                ['[', ..] => (1, "]"),
                _ => (1, ""),
            };
            var end = close.Length > 0 ? rest.IndexOf(close, start, StringComparison.Ordinal) : rest.AsSpan(start).IndexOfAny('.', '[') + start;
            if (end < start)
                end = rest.Length;
            pointer.Append('/').Append(Escape(rest[start..end]));
            rest = rest[Math.Min(rest.Length, end + close.Length)..];
        }

        return pointer.ToString();
    }
}
