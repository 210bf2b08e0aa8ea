using System.Text.Json;
using System.Text.Json.Nodes;
using CronCloud.Core.Jobs;

namespace CronCloud.Gateway.Http;

/// <summary>Reads request bodies: an object, or a problem that says why not.</summary>
internal static class JsonBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

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
        try
        {
            return JsonNode.Parse(buffer.ToArray(), documentOptions: Strict) is JsonObject body ? (body, null) : (null, Problem.Invalid("", "the body must be a JSON object"));
        }
        catch (JsonException broken)
        {
            return (null, Problem.Invalid("", $"the body is not JSON: {FirstSentence(broken.Message)}"));
        }
    }

    /// <summary>The fault that a reading error tells of: its place and what must hold there.</summary>
    public static Fault FaultOf(JsonException error)
    {
        var message = error.Message;
        var pointer = PointerOf(error.Path);
        if (message.Contains("could not be mapped to any", StringComparison.Ordinal))
        {
            var name = Quoted(message);
            return new Fault(pointer.EndsWith("/" + name, StringComparison.Ordinal) ? pointer : $"{pointer}/{name}", "is no known field");
        }

        if (message.Contains("missing required", StringComparison.Ordinal))
            return new Fault($"{pointer}/{Quoted(message[message.IndexOf("including", StringComparison.Ordinal)..])}", "is required");
        if (message.Contains("Path:", StringComparison.Ordinal) || message.Contains("could not be converted", StringComparison.Ordinal))
            return new Fault(pointer, "has a value of the wrong type");
        return new Fault(pointer, message);
    }

    private static string FirstSentence(string message)
    {
        var path = message.IndexOf(" Path:", StringComparison.Ordinal);
        return path > 0 ? message[..path] : message;
    }

    private static string Quoted(string message)
    {
        var parts = message.Split('\'');
        return parts.Length > 1 ? parts[1] : "";
    }

    /// <summary>$.target.http['x-a'][0] as /target/http/x-a/0.</summary>
    private static string PointerOf(string? path)
    {
        if (path is null or "$")
            return "";
        var plain = path[1..].Replace("['", ".", StringComparison.Ordinal).Replace("']", "", StringComparison.Ordinal).Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
        return plain.Replace('.', '/');
    }
}
