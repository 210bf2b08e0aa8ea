using System.Text.Json;
using System.Text.Json.Nodes;
using CronCloud.Backends.Mail;
using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Engine.Executing;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>A channel as a caller sends it, read and checked. Exactly one of the two is set.</summary>
internal sealed record ChannelRequest(WebhookChannel? Webhook, EmailChannel? Email)
{
    private const int MaxUrlLength = 2_000;
    private const int MaxAddresses = 20;

    /// <summary>What the API writes and does not read: accepted, so that what was read can be sent back.</summary>
    private static readonly string[] ReadOnly = ["version", "createdAt", "updatedAt"];

    public static (ChannelRequest? Request, IResult? Refusal) Read(JsonObject body, string id, TargetOptions targets)
    {
        var faults = new List<Fault>();
        var fields = (JsonObject)body.DeepClone();
        if (!JobRules.IsId(id))
            faults.Add(new Fault("/id", "must be 1 to 128 of a-z A-Z 0-9 . _ -"));
        if (fields.TryGetPropertyValue("id", out var named) && (named?.GetValueKind() != JsonValueKind.String || named.GetValue<string>() != id))
            faults.Add(new Fault("/id", $"must be '{id}', as in the address"));
        foreach (var name in ReadOnly.Append("id"))
            fields.Remove(name);

        ChannelRequest? request = null;
        try
        {
            request = Check(fields.Deserialize<Body>(CoreJson.Strict)!, targets, faults);
        }
        catch (JsonException wrong)
        {
            faults.Add(JsonBody.FaultOf(wrong));
        }

        return faults.Count > 0 ? (null, Problem.Invalid(faults)) : (request, null);
    }

    private static ChannelRequest Check(Body body, TargetOptions targets, List<Fault> faults)
    {
        if (body.Webhook is null == body.Email is null)
            faults.Add(new Fault("", "must have exactly one of webhook and email"));
        if (body.Webhook is { } webhook && FaultOf(webhook.Url, targets) is { } wrong)
            faults.Add(new Fault("/webhook/url", wrong));
        if (body.Email is { } email)
            CheckAddresses(email.To, faults);
        return faults.Count > 0
            ? new ChannelRequest(null, null)
            : new ChannelRequest(body.Webhook is { } w ? new WebhookChannel { Url = new Uri(w.Url) } : null, body.Email is { } e ? new EmailChannel { To = e.To } : null);
    }

    /// <summary>As the target of a job, and what can be told of its address before it is called.</summary>
    private static string? FaultOf(string url, TargetOptions targets)
    {
        if (!JobRules.IsUrl(url, MaxUrlLength))
            return $"must be an absolute http or https URL of at most {MaxUrlLength:N0} characters";
        var read = new Uri(url);
        return read.UserInfo.Length > 0 ? "must not carry user information; messages are signed" : targets.RefusalOf(read);
    }

    private static void CheckAddresses(IReadOnlyList<string> to, List<Fault> faults)
    {
        if (to.Count is 0 or > MaxAddresses)
            faults.Add(new Fault("/email/to", $"must be 1 to {MaxAddresses} addresses"));
        for (var i = 0; i < to.Count && i < MaxAddresses; i++)
        {
            if (to[i] is not { } address || !MailAddresses.IsPlain(address))
                faults.Add(new Fault($"/email/to/{i}", "must be an address such as ops@example.com"));
            else if (to.Take(i).Contains(address, StringComparer.OrdinalIgnoreCase))
                faults.Add(new Fault($"/email/to/{i}", "must not be there twice"));
        }
    }

    private sealed record Body
    {
        public WebhookBody? Webhook { get; init; }

        public EmailBody? Email { get; init; }
    }

    private sealed record WebhookBody
    {
        public required string Url { get; init; }
    }

    private sealed record EmailBody
    {
        public required IReadOnlyList<string> To { get; init; }
    }
}
