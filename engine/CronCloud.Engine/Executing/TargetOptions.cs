namespace CronCloud.Engine.Executing;

/// <summary>What attempts may do. Section <c>CronCloud:Targets</c>.</summary>
public sealed class TargetOptions
{
    /// <summary>Whether webhooks may go to loopback, private and link-local addresses, and to any port. False by default; meant for development and tests.</summary>
    public bool AllowPrivateNetworks { get; set; }
}
