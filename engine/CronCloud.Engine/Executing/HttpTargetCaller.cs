using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Signatures;

namespace CronCloud.Engine.Executing;

/// <summary>
/// Calls webhooks: pooled connections, no redirects, no cookies, no proxy. The answer's status decides; of its body the first 16 KB are
/// kept and the rest is never read.
/// </summary>
public sealed class HttpTargetCaller : ITargetCaller, IDisposable
{
    public const int OutputLimit = 16 * 1024;

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly SigningKey? _signingKey;
    private readonly HttpMessageInvoker _http;

    /// <summary>Without a signing key, executions that are to be signed fail: nothing goes out unsigned that receivers know as signed.</summary>
    public HttpTargetCaller(TargetOptions options, TimeProvider time, SigningKey? signingKey = null)
    {
        _time = time;
        _signingKey = signingKey;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            ConnectTimeout = ConnectLimit,
            MaxResponseHeadersLength = 64,
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(50),
            MaxResponseDrainSize = OutputLimit,
            ConnectCallback = new TargetConnector(options).ConnectAsync,
        });
    }

    public bool Calls(Execution execution) => execution.Target.Http is not null;

    public async Task<Answer> CallAsync(Execution execution, CancellationToken cancellation)
    {
        if (execution.SignedBy is not null && _signingKey is null)
            return Answer.Failed("not sent, since it cannot be signed: this node has no CronCloud__SigningKey");
        var target = execution.Target.Http!;
        using var timeout = new CancellationTokenSource(target.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            using var request = Request(execution, target);
            using var response = await _http.SendAsync(request, either.Token);
            var output = await ReadAsync(response.Content, either.Token);
            return Judge(target, response, output);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new Answer(AttemptResult.TimedOut) { Error = $"no whole answer within {target.Timeout.TotalSeconds:0.###} s" };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Answer(AttemptResult.TimedOut) { Error = $"no connection within {ConnectLimit.TotalSeconds:0} s" };
        }
        catch (HttpRequestException broken)
        {
            return new Answer(AttemptResult.Refused) { Error = Explain(broken) };
        }
        catch (IOException cut)
        {
            return new Answer(AttemptResult.Refused) { Error = IsReset(cut) ? "the connection was reset while the answer was read" : $"the connection broke while the answer was read: {cut.Message}" };
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(Execution execution, HttpTarget target)
    {
        var request = new HttpRequestMessage(new HttpMethod(target.Method), target.Url);
        byte[] bytes = [];
        if (target.Method is not ("GET" or "HEAD"))
        {
            (bytes, var contentType) = AttemptPayload.Of(execution, target.Body);
            request.Content = new ByteArrayContent(bytes);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        foreach (var (name, value) in target.Headers)
            SetHeader(request, name, value);
        if (request.Headers.UserAgent.Count == 0)
            request.Headers.TryAddWithoutValidation("User-Agent", "CronCloud/1.0");
        foreach (var (name, value) in AttemptPayload.Headers(execution).Concat(Signature(execution, bytes)))
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    /// <summary>Made anew at each attempt: it holds the attempt's time, so that a receiver can refuse an old one that is played back.</summary>
    private IEnumerable<KeyValuePair<string, string>> Signature(Execution execution, byte[] body) => execution.SignedBy is { } by
        ? StandardWebhooks.Headers(_signingKey!.SecretOf(execution.Tenant, by.Key), by.MessageId, _time.GetUtcNow(), body)
        : [];

    /// <summary>Headers of the body, such as Content-Type, are refused by the request and go to its content.</summary>
    private static void SetHeader(HttpRequestMessage request, string name, string value)
    {
        if (request.Headers.TryAddWithoutValidation(name, value) || request.Content is null)
            return;
        request.Content.Headers.Remove(name);
        request.Content.Headers.TryAddWithoutValidation(name, value);
    }

    private Answer Judge(HttpTarget target, HttpResponseMessage response, string output)
    {
        var status = (int)response.StatusCode;
        var rule = SuccessRule.Parse(target.Success) ?? throw new UnreachableException($"The success rule {target.Success} was validated.");
        return rule.Includes(status)
            ? new Answer(AttemptResult.Succeeded) { StatusCode = status, Output = output }
            : new Answer(AttemptResult.Failed)
            {
                StatusCode = status,
                Output = output,
                Error = $"answered {status} {response.ReasonPhrase}".TrimEnd(),
                RetryAfter = status is 429 or 503 ? RetryAfter(response) : null,
            };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > _time.GetUtcNow() => date - _time.GetUtcNow(),
        _ => null,
    };

    /// <summary>Leaving the stream early closes the connection when more was to come.</summary>
    private static async Task<string> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        var buffer = new byte[content.Headers.ContentLength is { } length and < OutputLimit ? (int)length : OutputLimit];
        await using var body = await content.ReadAsStreamAsync(cancellation);
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return OutputText.Of(buffer.AsSpan(0, read));
    }

    private static string Explain(HttpRequestException broken) => broken switch
    {
        { InnerException: TargetRefusedException refused } => $"not allowed: {refused.Message}",
        { HttpRequestError: HttpRequestError.NameResolutionError } => "the host's name could not be resolved",
        { HttpRequestError: HttpRequestError.SecureConnectionError } => $"TLS failed: {Innermost(broken)}",
        { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => "the connection was refused",
        { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound } } => "the host's name could not be resolved",
        _ when IsReset(broken) => "the connection was reset before the answer",
        { HttpRequestError: HttpRequestError.InvalidResponse } => $"the answer is no HTTP: {Innermost(broken)}",
        { InnerException: SocketException socket } => $"no connection: {socket.Message}",
        { HttpRequestError: HttpRequestError.ResponseEnded } => "the connection was closed before the answer was whole",
        _ => Innermost(broken),
    };

    private static bool IsReset(Exception exception) =>
        exception is SocketException { SocketErrorCode: SocketError.ConnectionReset } || (exception.InnerException is { } inner && IsReset(inner));

    private static string Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
            exception = inner;
        return exception.Message;
    }
}
