using System.Security.Cryptography;
using System.Text;
using CronCloud.Core.Alerts;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Signatures;

namespace CronCloud.Engine.Alerts;

/// <summary>
/// Delivers by the pipeline itself: a message is an execution that is asked for now, so it is retried, dead-lettered, redriven and read back like any other. It is
/// in the record and in the due index before it counts as sent.
/// </summary>
public sealed class WebhookSender(IPendingStore pending, IDueIndex index, AlertLinks links, TimeProvider time) : IChannelSender
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>Over more than an hour: after 10 s, 1, 6 and 36 minutes, and an hour. A receiver that is being deployed or mended is back by then.</summary>
    private static readonly RetryPolicy Retry = new() { MaxRetries = 5, InitialDelay = TimeSpan.FromSeconds(10), Multiplier = 6 };

    public bool Takes(Channel channel) => channel.Webhook is not null;

    public async Task SendAsync(Channel channel, AlertMessage message, CancellationToken cancellation)
    {
        var execution = ExecutionOf(channel, message);
        // Sent before: it waits, is in flight, or ended a moment ago. A row written now would outlive its outcome.
        if (await index.FindAsync(execution.Job.Partition, execution.EntryKey, cancellation) is not null)
            return;
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        await pending.KeepAsync([new PendingExecution(execution, now)], cancellation);
        await index.ArmAsync(execution.Job.Partition, [DueItem.EntryOf(execution, now)], cancellation);
    }

    /// <summary>The execution that the message is; the same whenever it is sent again.</summary>
    public static string ExecutionIdOf(Channel channel, AlertMessage message) => ExecutionId.Manual(
        ChannelJob.IdOf(channel.Id), message.At, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(message.Id)).AsSpan(0, 8)));

    private Execution ExecutionOf(Channel channel, AlertMessage message) => new()
    {
        Tenant = channel.Tenant,
        JobId = ChannelJob.IdOf(channel.Id),
        JobVersion = channel.Version,
        ExecutionId = ExecutionIdOf(channel, message),
        ScheduledAt = message.At,
        Trigger = Trigger.Event,
        Attempt = 1,
        Target = new Target { Http = new HttpTarget { Url = channel.Webhook!.Url.OriginalString, Body = AlertPayload.Of(message, links), Timeout = Timeout } },
        Retry = Retry,
        SignedBy = new SignedBy(ChannelJob.KeyOf(channel), StandardWebhooks.MessageIdOf(message.Id)),
        TraceParent = TraceParent.New(),
    };
}
