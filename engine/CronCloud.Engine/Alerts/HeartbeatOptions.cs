namespace CronCloud.Engine.Alerts;

/// <summary>Where to say that CronCloud works, so that somebody outside notices when it no longer does. Section <c>CronCloud:Heartbeat</c>.</summary>
public sealed record HeartbeatOptions
{
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromMinutes(1);

    /// <summary>Absolute, http or https; a GET is sent there.</summary>
    public required Uri Url { get; init; }

    /// <summary>10 s to 24 h; a minute by default.</summary>
    public TimeSpan Interval { get; init; } = DefaultInterval;
}
