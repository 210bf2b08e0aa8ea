using System.Net;
using System.Security.Cryptography;
using System.Text;
using CronCloud.Node.Hosting;

namespace CronCloud.Gateway.Http;

/// <summary>
/// Who may call: with a key configured, whoever sends it; with none, callers on this machine, by an address of this machine (so that a
/// page in a browser cannot reach it under a name of its own). Health is open to all.
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
            return isLocal ? null : new Problem(403, "auth.loopback_only", "Not allowed", "No API key is configured, so only callers on this machine are served. Set CronCloud__ApiKey.");
        }

        var header = context.Request.Headers.Authorization.ToString();
        var isKey = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[Bearer.Length..].Trim())), _key);
        if (isKey)
            return null;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return new Problem(401, "auth.required", "Not allowed", "Send the API key as 'Authorization: Bearer <key>'.");
    }

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
