using System.Net;
using System.Security.Cryptography;
using System.Text;
using CronCloud.Node.Hosting;

namespace CronCloud.Gateway.Http;

/// <summary>
/// Who may call: with a key configured, whoever sends it; with none, callers on this machine, by an address of this machine (so that a
/// page in a browser cannot reach it under a name of its own), and no page from elsewhere: browsers send its changes without asking. Health is
/// open to all; metrics are not, since they name tenants.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, NodeSettings settings)
{
    private const string Bearer = "Bearer ";

    private readonly byte[]? _key = settings.ApiKey is { } key ? SHA256.HashData(Encoding.UTF8.GetBytes(key)) : null;

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal))
            return next(context);
        return Refusal(context) is { } refusal ? refusal.WriteAsync(context) : next(context);
    }

    private Problem? Refusal(HttpContext context)
    {
        if (_key is null)
        {
            var isLocal = context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address) && IsLoopbackName(context.Request.Host.Host);
            if (!isLocal)
                return new Problem(403, "auth.loopback_only", "Not allowed", "No API key is configured, so only callers on this machine are served. Set CronCloud__ApiKey.");
            return IsRead(context.Request.Method) || !IsFromElsewhere(context.Request) ? null : new Problem(403, "auth.cross_site", "Not allowed", "No API key is configured, so a page of another site may change nothing here. Set CronCloud__ApiKey.");
        }

        var header = context.Request.Headers.Authorization.ToString();
        var isKey = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[Bearer.Length..].Trim())), _key);
        if (isKey)
            return null;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return new Problem(401, "auth.required", "Not allowed", "Send the API key as 'Authorization: Bearer <key>'.");
    }

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    /// <summary>Browsers say where a request comes from; other callers say nothing.</summary>
    private static bool IsFromElsewhere(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        var isOrigin = origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var page) && IsLoopbackName(page.Host));
        return !isOrigin || request.Headers["Sec-Fetch-Site"] == "cross-site";
    }

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
