using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>Workers of a pipeline, what comes to them, and what comes of it.</summary>
internal static class Workers
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Worker New(Pipeline pipeline, ITargetCaller caller) => New(pipeline, caller, new WorkerOptions(), TimeProvider.System);

    public static Worker New(Pipeline pipeline, ITargetCaller caller, WorkerOptions options, TimeProvider time, IOutcomeStream? outcomes = null) =>
        new(pipeline.Queue, outcomes ?? pipeline.Outcomes, [caller], options, new NodeName("node"), time, NullLogger<Worker>.Instance);

    public static async Task DispatchAsync(Pipeline pipeline)
    {
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await pipeline.NewPartition().RunOnceAsync(Pipeline.None);
    }

    public static async Task PublishAsync(Pipeline pipeline, int count, int claims, string host = "slow.example", int putOffs = 0)
    {
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddYears(1) });
        var executions = Enumerable.Range(0, count).Select(i => new Execution
        {
            Tenant = "t",
            JobId = "job",
            JobVersion = 1,
            ExecutionId = $"job@{host}{i}",
            ScheduledAt = Pipeline.Start,
            Trigger = Trigger.Schedule,
            Attempt = 1 + putOffs,
            PutOffs = putOffs,
            Claims = claims,
            Target = new Target { Http = new HttpTarget { Url = $"https://{host}/" } },
            Retry = RetryPolicy.Default,
            TraceParent = TraceParent.New(),
        });
        await pipeline.Queue.PublishAsync([.. executions.Select(e => new StreamMessage(e.MessageId, Pipeline.Partition, e.ToJson()))], Pipeline.None);
    }

    public static async Task<List<Outcome>> OutcomesAsync(Pipeline pipeline) =>
        [.. (await pipeline.Outcomes.PullAsync(OutcomeReader.Settler, 100, TimeSpan.Zero, Pipeline.None)).Select(d => Outcome.FromJson(d.Body.Span))];

    /// <summary>Lets the fake time pass until it is done.</summary>
    public static async Task PassAsync(Pipeline pipeline, Task work)
    {
        await UntilAsync(async () =>
        {
            pipeline.Time.Advance(TimeSpan.FromMilliseconds(100));
            await SettleAsync();
            return work.IsCompleted;
        });
        await work;
    }

    public static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    /// <summary>Lets what can go on do so until it holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var started = TimeProvider.System.GetTimestamp(); !await holds(); await Task.Yield())
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "It does not come to hold.");
    }

    /// <summary>Lets what can go on do so.</summary>
    private static async Task SettleAsync()
    {
        for (var i = 0; i < 50; i++)
            await Task.Yield();
    }
}
