using System.Buffers;
using System.Text.Json;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Engine.Jobs;
using CronCloud.Gateway.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace CronCloud.Gateway.Api;

/// <summary>Jobs by the million, a line each: in and out.</summary>
internal sealed partial class JobLinesApi(JobImport import, IJobStore store, TimeProvider time, IHostApplicationLifetime host, ILogger<JobLinesApi> logger)
{
    public const string MediaType = "application/x-ndjson";

    private const int PageSize = 1_000;

    /// <summary>The body is not bounded, nor is the time it takes: lines may come as they are made.</summary>
    public async Task<IResult> ImportAsync(HttpContext http)
    {
        if (new ListParameters(http.Request).Refusal is { } refusal)
            return refusal;
        if (http.Request.ContentType?.Split(';')[0].Trim().Equals(MediaType, StringComparison.OrdinalIgnoreCase) != true)
            return new Problem(415, "request.media_type", "The request is not lines of JSON", $"Send a job a line with Content-Type: {MediaType}.").ToResult();
        WithoutLimits(http);
        await BeginAsync(http);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, host.ApplicationStopping);
        using var run = new JobImportRun(import, Tenant.Of(http), KeyedRequest.Of(http)?.Nonce, time, LogAway);
        try
        {
            await run.RunAsync(new LineReader(http.Request.BodyReader, time), http.Response.BodyWriter, stop.Token);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The caller has gone, or the process is to end: an answer that is cut off is not taken for a whole one.
            http.Abort();
        }

        return Results.Empty;
    }

    public async Task<IResult> ExportAsync(HttpContext http)
    {
        var parameters = new ListParameters(http.Request, "state", "tag", "q", "target");
        var query = new JobQuery
        {
            Tenant = Tenant.Of(http),
            Now = time.GetUtcNow(),
            State = parameters.Word("state", except: JobState.Deleted),
            Tags = parameters.Tags(),
            Text = parameters.Text("q"),
            Destination = parameters.Text("target"),
            Limit = PageSize,
        };
        if (parameters.Refusal is { } refusal)
            return refusal;

        // A record that is away is told as such before anything is answered; later, by an answer that is cut off.
        var page = await store.ListAsync(query, http.RequestAborted);
        await BeginAsync(http);
        while (true)
        {
            var next = page.NextCursor is { } cursor ? store.ListAsync(query with { Cursor = cursor }, http.RequestAborted) : null;
            await WriteAsync(http.Response, page.Items, http.RequestAborted);
            if (next is null)
                return Results.Empty;
            page = await next;
        }
    }

    private static void WithoutLimits(HttpContext http)
    {
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = null;
        http.Features.Get<IHttpMinRequestBodyDataRateFeature>()?.MinDataRate = null;
        http.Features.Get<IHttpMinResponseDataRateFeature>()?.MinDataRate = null; // it may be read when all is sent
    }

    private static async Task BeginAsync(HttpContext http)
    {
        http.Response.ContentType = MediaType;
        await http.Response.StartAsync(http.RequestAborted);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static async Task WriteAsync(HttpResponse response, IReadOnlyList<Job> jobs, CancellationToken cancellation)
    {
        using (var json = new Utf8JsonWriter(response.BodyWriter, new JsonWriterOptions { Encoder = CoreJson.Options.Encoder, SkipValidation = true }))
        {
            foreach (var job in jobs)
            {
                JsonSerializer.Serialize(json, ExportedJob.Of(job), CoreJson.Options);
                json.Flush();
                json.Reset();
                response.BodyWriter.Write("\n"u8);
            }
        }

        await response.BodyWriter.FlushAsync(cancellation);
    }

    private void LogAway(Exception away) => LogAway(away.GetType().Name, away.Message);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "An import met a server that is away: {Kind}: {Reason}")]
    private partial void LogAway(string kind, string reason);
}
