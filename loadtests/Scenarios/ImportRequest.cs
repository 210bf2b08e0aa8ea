using System.Net.Http.Headers;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>POST /v1/jobs/import of so many lines, each of which must be answered with the same status.</summary>
internal static class ImportRequest
{
    public static async Task SendAsync(HttpClient http, byte[] lines, string status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/jobs/import", UriKind.Relative)) { Content = new ByteArrayContent(lines) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var (expected, answered) = ($"\"status\":\"{status}\"", 0);
        for (; await reader.ReadLineAsync() is { } line; answered++)
        {
            if (!line.Contains(expected, StringComparison.Ordinal))
                throw new InvalidOperationException($"Expected {expected}, got {line}");
        }

        if (answered != lines.AsSpan().Count((byte)'\n'))
            throw new InvalidOperationException($"{answered} lines were answered.");
    }
}
