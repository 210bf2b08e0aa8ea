using System.Security.Cryptography;
using System.Text;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;

namespace CronCloud.Gateway.Http;

/// <summary>
/// A write with an Idempotency-Key happens once: the same request again gets the first answer, another request with that key is refused. The key is
/// reserved before the write, so that a request whose answer was lost is known when it comes again, at any gateway.
/// </summary>
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

        if (StreamedBody.Is(context))
        {
            await KeyedAsync(context, key);
            return;
        }

        // The whole body first: a caller that sends it slowly must not hold up others at the gate.
        var hash = await ReadAsync(context.Request, context.RequestAborted);
        var gate = _gates[StableHash.Of($"{Tenant.Of(context)}/{key}") % (ulong)_gates.Length];
        await gate.WaitAsync(context.RequestAborted);
        try
        {
            // Carried through from here on: a caller that hangs up will ask again, and is to find what came of it.
            context.RequestAborted = CancellationToken.None;
            await AnswerOnceAsync(context, key, hash);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Its body is not looked at here and its answer not kept: sent again, it is carried out again under the same name.</summary>
    private async Task KeyedAsync(HttpContext context, string key)
    {
        var (tenant, now) = (Tenant.Of(context), time.GetUtcNow());
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{context.Request.Method} {context.Request.Path}")));
        var reservation = await store.ReserveAsync(tenant, key, hash, now, now - AnswerPruning.Kept, context.RequestAborted);
        if (reservation.RequestHash != hash)
        {
            await Mismatch(key).WriteAsync(context);
            return;
        }

        context.Features.Set(KeyedRequest.Of(tenant, key, reservation.At, isRepeated: !reservation.IsNew));
        await next(context);
    }

    private async Task AnswerOnceAsync(HttpContext context, string key, string hash)
    {
        var (tenant, now) = (Tenant.Of(context), time.GetUtcNow());
        var reservation = await store.ReserveAsync(tenant, key, hash, now, now - AnswerPruning.Kept, CancellationToken.None);
        if (reservation.RequestHash != hash)
        {
            await Mismatch(key).WriteAsync(context);
            return;
        }

        if (reservation.Answer is { } stored)
        {
            await ReplayAsync(context, stored);
            return;
        }

        context.Features.Set(KeyedRequest.Of(tenant, key, reservation.At, isRepeated: !reservation.IsNew));
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

        if (context.Response.StatusCode < 500 && !UnkeptAnswer.Is(context))
        {
            var headers = context.Response.Headers;
            var text = Encoding.UTF8.GetString(answer.ToArray());
            await store.AnswerAsync(tenant, key, reservation, new StoredAnswer(context.Response.StatusCode, Text(headers.Location), Text(headers.ETag), text), CancellationToken.None);
        }

        await body.WriteAsync(answer.ToArray(), CancellationToken.None);
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
        await context.Response.WriteAsync(stored.Body, CancellationToken.None);
    }

    /// <summary>Takes the body in, and answers the hash of what the request asks for.</summary>
    private static async Task<string> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellation);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n{request.Headers.IfMatch}\n{request.Headers.IfNoneMatch}\n"));
        hash.AppendData(body.ToArray());
        body.Position = 0;
        request.Body = body;
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string? Text(Microsoft.Extensions.Primitives.StringValues value) => value.Count == 0 ? null : value.ToString();
}
