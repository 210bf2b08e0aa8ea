using Quartz;

namespace CronCloud.Peers;

/// <summary>What Quartz.NET calls.</summary>
public sealed class QuartzJob : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await SinkClient.PostAsync(context.Trigger.Key.Name, context.ScheduledFireTimeUtc!.Value, cancellationToken);
}
