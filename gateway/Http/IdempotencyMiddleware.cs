using System.Security.Cryptography;
using System.Text;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;

namespace CronCloud.Gateway.Http;

/// <summary>A write with an Idempotency-Key is carried out once: the same request again gets the first answer, another request with that key is refused.</summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, IIdempotencyStore store, TimeProvider time)
{
    private const int MaxKeyLength = 255;

    /// <summary>Two copies of a request at the same moment: the second waits for the first. Keys share a few gates.</summary>
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1))];

    public async Task InvokeAsync(HttpContext context)
    {
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length == 0 || HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        if (key.Length > MaxKeyLength || key.Any(c => c is < '!' or > '~'))
        {
            await new Problem(400, "idempotency.invalid", "The request is not valid", $"Idempotency-Key must be 1 to {MaxKeyLength} printable ASCII characters.").WriteAsync(context);
            return;
        }

        var gate = _gates[StableHash.Of($"{Tenant.Of(context)}/{key}") % (ulong)_gates.Length];
        await gate.WaitAsync(context.RequestAborted);
        try
        {
            await AnswerOnceAsync(context, key);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task AnswerOnceAsync(HttpContext context, string key)
    {
        var (tenant, hash, now) = (Tenant.Of(context), await HashAsync(context.Request, context.RequestAborted), time.GetUtcNow());
        if (await store.FindAsync(tenant, key, now - AnswerPruning.Kept, context.RequestAborted) is { } stored)
        {
            await (stored.RequestHash == hash ? ReplayAsync(context, stored) : Mismatch(key).WriteAsync(context));
            return;
        }

        var body = context.Response.Body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = body;
        }

        if (context.Response.StatusCode < 500)
        {
            var headers = context.Response.Headers;
            var text = Encoding.UTF8.GetString(answer.ToArray());
            await store.KeepAsync(tenant, key, new StoredAnswer(hash, context.Response.StatusCode, Text(headers.Location), Text(headers.ETag), text, now), context.RequestAborted);
        }

        await body.WriteAsync(answer.ToArray(), context.RequestAborted);
    }

    private static Problem Mismatch(string key) =>
        new(422, "idempotency.mismatch", "The key was used before", $"Idempotency-Key '{key}' came with another request before; a new request needs a new key.");

    private static async Task ReplayAsync(HttpContext context, StoredAnswer stored)
    {
        context.Response.StatusCode = stored.Status;
        context.Response.Headers.Location = stored.Location;
        context.Response.Headers.ETag = stored.ETag;
        context.Response.Headers["Idempotency-Replayed"] = "true";
        if (stored.Body.Length == 0)
            return;
        context.Response.ContentType = stored.Status >= 400 ? "application/problem+json" : "application/json; charset=utf-8";
        await context.Response.WriteAsync(stored.Body, context.RequestAborted);
    }

    private static async Task<string> HashAsync(HttpRequest request, CancellationToken cancellation)
    {
        request.EnableBuffering();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n{request.Headers.IfMatch}\n{request.Headers.IfNoneMatch}\n"));
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellation);
        hash.AppendData(body.ToArray());
        request.Body.Position = 0;
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string? Text(Microsoft.Extensions.Primitives.StringValues value) => value.Count == 0 ? null : value.ToString();
}
