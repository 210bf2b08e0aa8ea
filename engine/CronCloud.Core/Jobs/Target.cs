using System.Text.Json;

namespace CronCloud.Core.Jobs;

/// <summary>What an execution does: exactly one of its members is set.</summary>
public sealed record Target
{
    public HttpTarget? Http { get; init; }

    public NatsTarget? Nats { get; init; }

    /// <summary>What jobs are listed by in <c>?target=</c>: the host of the URL, or the subject.</summary>
    [JsonIgnore]
    public string Destination => Http is { } http && Uri.TryCreate(http.Url, UriKind.Absolute, out var url) ? url.Authority : Nats?.Subject ?? "";

    /// <summary>How long one attempt may take.</summary>
    [JsonIgnore]
    public TimeSpan Timeout => Http?.Timeout ?? NatsTarget.Timeout;

    /// <summary>The same target with another body or payload.</summary>
    public Target WithPayload(JsonElement payload) => this switch
    {
        { Http: { } http } => this with { Http = http with { Body = payload } },
        { Nats: { } nats } => this with { Nats = nats with { Payload = payload } },
        _ => this,
    };
}

/// <summary>A webhook.</summary>
public sealed record HttpTarget
{
    /// <summary>Absolute, http or https, without user info; at most 2,048 characters.</summary>
    public required string Url { get; init; }

    public string Method { get; init; } = "POST";

    /// <summary>At most 20 headers, 4 KB in all.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>A string is sent as it is, anything else as JSON; at most 256 KB. Left out: the execution's ids and times.</summary>
    public JsonElement? Body { get; init; }

    /// <summary>1 s to 15 min, for the whole attempt.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The statuses that count as success: <c>200-299</c>, <c>200,204,304</c>.</summary>
    public string Success { get; init; } = SuccessRule.Default;
}

/// <summary>A NATS subject to publish to.</summary>
public sealed record NatsTarget
{
    /// <summary>How long the publish may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public required string Subject { get; init; }

    /// <summary>A string is sent as it is, anything else as JSON; at most 256 KB. Left out: the execution's ids and times.</summary>
    public JsonElement? Payload { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}
