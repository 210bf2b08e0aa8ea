using Quartz;

namespace CronCloud.Peers;

/// <summary>Quartz.NET on PostgreSQL, clustered. What is set here and from which page of its documentation is in the README of the peers.</summary>
internal sealed class QuartzPeer(string connection) : IPeer
{
    private const int MaxConcurrency = 50;
    private const int TriggersAtOnce = 500;
    private static readonly JobKey Job = new("post");

    public async Task<IAsyncDisposable> WorkAsync()
    {
        var factory = Factory();
        var scheduler = await factory.GetScheduler();
        await scheduler.Start();
        return factory;
    }

    public Task MakeHerdAsync(string name, int jobs, DateTimeOffset due) => MakeAsync(jobs, i => TriggerBuilder.Create()
        .ForJob(Job)
        .WithIdentity($"{name}-{i}")
        .StartAt(due)
        .Build());

    public Task MakeSteadyAsync(string name, int jobs, DateTimeOffset start) => MakeAsync(jobs, i => TriggerBuilder.Create()
        .ForJob(Job)
        .WithIdentity($"{name}-{i}")
        .StartAt(start.AddMilliseconds(1_000 * i / jobs))
        .WithSimpleSchedule(schedule => schedule.WithInterval(TimeSpan.FromSeconds(1)).RepeatForever())
        .Build());

    /// <summary>One job with many triggers: the name of each is the name that the sink is told.</summary>
    private async Task MakeAsync(int jobs, Func<int, ITrigger> trigger)
    {
        await using var factory = Factory();
        var scheduler = await factory.GetScheduler();
        var job = JobBuilder.Create<QuartzJob>().WithIdentity(Job).StoreDurably().Build();
        foreach (var some in Enumerable.Range(0, jobs).Chunk(TriggersAtOnce))
            await scheduler.ScheduleJob(job, some.Select(trigger).ToList(), new ScheduleJobOptions { Replace = true });
    }

    private StandaloneSchedulerFactory Factory() => QuartzSchedulerBuilder
        .Create(quartz => quartz
            .ConfigureScheduler(options =>
            {
                options.InstanceName = "peer";
                options.GenerateInstanceId = true;
            })
            .UseDefaultThreadPool(MaxConcurrency)
            .UsePersistentStore(store =>
            {
                store.UsePostgres($"{connection};Maximum Pool Size={MaxConcurrency + 3}");
                store.ProvisionSchema();
                store.UseClustering();
                store.ConfigureStore(options =>
                {
                    options.StoreJobDataAsStrings = true;
                    options.MisfireThreshold = TimeSpan.FromMinutes(10);
                });
            }))
        .Build();
}
