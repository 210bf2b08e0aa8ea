using System.Security.Cryptography;
using CronCloud.Core;
using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Core.Signatures;
using CronCloud.Engine.Alerts;
using CronCloud.Gateway.Http;
using CronCloud.Node.Hosting;

namespace CronCloud.Gateway.Api;

/// <summary>Where people hear of trouble, over HTTP.</summary>
internal static class ChannelsApi
{
    /// <summary>Whoever tests waits for the answer.</summary>
    private static readonly TimeSpan TestLimit = TimeSpan.FromSeconds(10);

    public static void MapChannels(this RouteGroupBuilder api)
    {
        var channels = api.MapGroup("/channels").WithTags("Channels");
        channels.MapGet("/", ListAsync).WithSummary("Lists channels by id");
        channels.MapPut("/{id}", PutAsync).WithSummary("Creates or replaces a channel")
            .WithDescription("""{"webhook":{"url"}} or {"email":{"to":[…]}}. The answer to the write that makes it a webhook has its secret, which is not told again.""");
        channels.MapGet("/{id}", GetAsync).WithSummary("Reads a channel");
        channels.MapDelete("/{id}", DeleteAsync).WithSummary("Deletes a channel; jobs may go on naming it");
        channels.MapPost("/{id}/test", TestAsync).WithSummary("Sends a test message")
            .WithDescription("Of a webhook the answer is 202, and its id that of an execution by which the delivery can be followed. Of email it is 200, when the SMTP server has taken the mail.");
    }

    internal static async Task<IResult> PutAsync(string id, HttpContext http, ChannelChanges changes, NodeSettings settings)
    {
        var (body, broken) = await JsonBody.ReadAsync(http.Request);
        if (broken is not null)
            return broken;
        var (request, refusal) = ChannelRequest.Read(body!, id, settings.Targets);
        if (refusal is not null)
            return refusal;
        if (request!.Webhook is not null && settings.Alerts.SigningKey is null)
            return NoSigningKey();
        var write = await changes.PutAsync(Tenant.Of(http), id, request, MayChange(http), KeyedRequest.SentBefore(http), http.RequestAborted);
        return write is null ? Changed(id) : Answer(write, settings.Alerts.SigningKey, http);
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, IChannelStore channels)
    {
        if (await FindAsync(id, http, channels) is not { } channel)
            return NotFound(id);
        http.Response.Headers.ETag = ETag(channel);
        return EntityTags.IsKnown(http.Request.Headers.IfNoneMatch.ToString(), ETag(channel)) ? Results.StatusCode(304) : ApiJson.Ok(ChannelAnswer.Of(channel));
    }

    private static async Task<IResult> ListAsync(HttpContext http, IChannelStore channels)
    {
        var parameters = new ListParameters(http.Request, "limit", "cursor");
        var (limit, cursor) = (parameters.Limit(), parameters.Cursor(Cursor.Read));
        if (parameters.Refusal is { } refusal)
            return refusal;
        var page = await channels.ListAsync(Tenant.Of(http), limit, cursor, http.RequestAborted);
        return ApiJson.Ok(new PageAnswer(page.Items.Select(ChannelAnswer.Of), page.NextCursor));
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext http, ChannelChanges changes)
    {
        if (!JobRules.IsId(id))
            return NotFound(id);
        return await changes.RemoveAsync(Tenant.Of(http), id, MayChange(http), KeyedRequest.SentBefore(http), http.RequestAborted) switch
        {
            null => NotFound(id),
            false => Changed(id),
            true => Results.NoContent(),
        };
    }

    internal static async Task<IResult> TestAsync(string id, HttpContext http, IChannelStore channels, IEnumerable<IChannelSender> senders, INotificationStore notifications, NodeSettings settings, TimeProvider time)
    {
        var (body, broken) = await JsonBody.ReadAsync(http.Request, mayBeEmpty: true);
        if (broken is not null)
            return broken;
        if (body!.FirstOrDefault().Key is { } unknown)
            return Problem.Invalid($"/{JsonBody.Escape(unknown)}", "is no known field");
        if (await FindAsync(id, http, channels) is not { } channel)
            return NotFound(id);
        if (channel.Webhook is not null && settings.Alerts.SigningKey is null)
            return NoSigningKey();
        if (await notifications.UseAsync(channel.Tenant, id, time.GetUtcNow(), http.RequestAborted) is { } next)
            return TooMany(http, id, next - time.GetUtcNow());
        var test = TestMessage(http, time);
        using var limit = new CancellationTokenSource(TestLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, limit.Token);
        try
        {
            await senders.First(sender => sender.Takes(channel)).SendAsync(channel, test, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return new Problem(502, "channel.failed", "The message did not go through", $"No server took it within {TestLimit.TotalSeconds} s.").ToResult();
        }
        catch (ChannelNotConfiguredException missing)
        {
            return new Problem(409, "channel.not_configured", "Not configured", missing.Message).ToResult();
        }
        catch (ChannelFailedException failed)
        {
            return new Problem(502, "channel.failed", "The message did not go through", failed.Message).ToResult();
        }

        return channel.Webhook is null ? ApiJson.Ok(new { id = test.Id }) : ApiJson.Ok(new { id = WebhookSender.ExecutionIdOf(channel, test) }, 202);
    }

    /// <summary>The same message each time that the request is sent with its key.</summary>
    private static AlertMessage TestMessage(HttpContext http, TimeProvider time)
    {
        var keyed = KeyedRequest.Of(http);
        return new AlertMessage
        {
            Id = $"test-{keyed?.Nonce ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}",
            Tenant = Tenant.Of(http),
            Kind = AlertKind.Test,
            At = keyed?.FirstSent ?? DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()),
            Items = [],
        };
    }

    private static async Task<Channel?> FindAsync(string id, HttpContext http, IChannelStore channels) =>
        JobRules.IsId(id) ? await channels.FindAsync(Tenant.Of(http), id, http.RequestAborted) : null;

    private static Func<Channel?, bool> MayChange(HttpContext http) => stored => EntityTags.MayChange(http.Request, stored is null ? null : ETag(stored));

    private static IResult Answer(ChannelWrite write, SigningKey? key, HttpContext http)
    {
        var channel = write.Channel;
        http.Response.Headers.ETag = ETag(channel);
        if (write.Created)
            http.Response.Headers.Location = $"/v1/channels/{channel.Id}";
        var answer = ChannelAnswer.Of(channel);
        if (write.IsWebhookNow)
        {
            answer = answer with { Secret = StandardWebhooks.Show(key!.SecretOf(channel.Tenant, ChannelJob.KeyOf(channel))) };
            http.Response.Headers.CacheControl = "no-store";
            UnkeptAnswer.Set(http);
        }

        return ApiJson.Ok(answer, write.Created ? 201 : 200);
    }

    private static string ETag(Channel channel) => EntityTags.Of(channel.Version, channel.CreatedAt);

    private static IResult NotFound(string id) => Problem.NotFound("channel.not_found", $"There is no channel '{id}'.");

    private static IResult TooMany(HttpContext http, string id, TimeSpan wait)
    {
        UnkeptAnswer.Set(http);
        return new Problem(429, "channel.too_many", "Too many messages", $"Channel '{id}' had its messages for now: {Allowance.Burst} at once, and then one a minute, tests and alerts together.")
        {
            RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)),
        }.ToResult();
    }

    private static IResult Changed(string id) =>
        new Problem(412, "channel.version_conflict", "The channel has changed", $"Channel '{id}' is not as the request's conditions say, or was changed since the request was first sent.").ToResult();

    private static IResult NoSigningKey() => new Problem(
        409, "signing_key.missing", "Messages cannot be signed", "Webhook channels need the setting CronCloud__SigningKey, the same on all nodes; 'openssl rand -base64 32' makes one.").ToResult();
}
