using System.Globalization;
using CronCloud.Core.Jobs;

namespace CronCloud.Core.Alerts;

/// <summary>A webhook channel as the pipeline sees it: the job that its messages are executions of. It has no row in the record, and nobody can create it.</summary>
public static class ChannelJob
{
    private const string Prefix = JobRules.ReservedPrefix + "channel.";

    public static string IdOf(string channelId) => Prefix + channelId;

    /// <summary>Whether a job's id is that of a channel.</summary>
    public static bool IsId(string jobId) => jobId.StartsWith(Prefix, StringComparison.Ordinal) && JobRules.IsId(jobId[Prefix.Length..]);

    /// <summary>The name of the secret that signs the channel's messages. One made anew under its id has another.</summary>
    public static string KeyOf(Channel channel) => string.Create(CultureInfo.InvariantCulture, $"channel/{channel.Id}/{channel.CreatedAt.ToUnixTimeMilliseconds()}");
}
