using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

/// <summary>Destinations that are slow, or hang.</summary>
public sealed class WorkerDestinationsTests
{
    [Fact]
    public async Task A_destination_that_hangs_keeps_nobody_else_waiting()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.PublishAsync(pipeline, 40, claims: 0);
        await Workers.PublishAsync(pipeline, 1, claims: 0, host: "quick.example");
        var caller = new ScriptedCaller();
        var options = new WorkerOptions { MaxHeld = 16, MaxPerDestination = 2 };
        await using var worker = Workers.New(pipeline, caller, options, pipeline.Time);

        await worker.RunOnceAsync(Pipeline.None);
        await Workers.UntilAsync(() => caller.Calls.Count == options.MaxPerDestination);
        for (var beats = 0; beats < 4; beats++)
        {
            pipeline.Time.Advance(Deliveries.Heartbeat);
            await new Heartbeat(worker).RunOnceAsync(Pipeline.None);
        }

        await Workers.UntilAsync(async () =>
        {
            if (worker.Held.Count() < options.MaxHeld)
                await worker.RunOnceAsync(Pipeline.None);
            return caller.Calls.Any(e => e.Target.Destination == "quick.example");
        });

        Assert.Equal(options.MaxPerDestination, caller.Calls.Count(e => e.Target.Destination == "slow.example"));
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(2, 16)]
    [InlineData(50, 128)]
    public async Task At_a_slow_destination_each_time_puts_off_for_twice_as_long(int putOffs, int seconds)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await Workers.PublishAsync(pipeline, 8, claims: 0, putOffs: putOffs);
        var caller = new ScriptedCaller();
        var options = new WorkerOptions { MaxHeld = 16, MaxPerDestination = 1 };
        await using var worker = Workers.New(pipeline, caller, options, pipeline.Time);

        await worker.RunOnceAsync(Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(30));
        var told = new List<Outcome>();
        await Workers.UntilAsync(async () =>
        {
            told.AddRange(await Workers.OutcomesAsync(pipeline));
            return told.Count > 0;
        });

        Assert.All(told, outcome => Assert.Equal((AttemptResult.PutOff, seconds), (outcome.Result, outcome.RetryAfter!.Value.TotalSeconds)));
        caller.Answers.SetResult(new Answer(AttemptResult.Succeeded));
    }
}
