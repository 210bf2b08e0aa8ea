using System.Globalization;

namespace CronCloud.Peers;

/// <summary>What each job does: one POST, over connections that are kept alive.</summary>
internal static class SinkClient
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5) });

    public static string Url { get; set; } = "";

    public static async Task PostAsync(string job, DateTimeOffset due, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{Url}/{job}")) { Content = new StringContent("{}") };
        request.Headers.TryAddWithoutValidation("CronCloud-Scheduled-At", due.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        using var answer = await Http.SendAsync(request, cancellation);
        answer.EnsureSuccessStatusCode();
    }
}
