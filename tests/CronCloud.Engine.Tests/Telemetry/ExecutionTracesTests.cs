using System.Diagnostics;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Tests.Telemetry;

/// <summary>Whoever listens to spans hears those of the whole process: no other test runs beside these.</summary>
[CollectionDefinition(nameof(ExecutionTracesTests), DisableParallelization = true)]
[Collection(nameof(ExecutionTracesTests))]
public sealed class ExecutionTracesTests : IDisposable
{
    private readonly List<Activity> _spans = [];
    private readonly ActivityListener _listener;

    public ExecutionTracesTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ExecutionTraces.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = _spans.Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Of_a_trace_that_its_caller_does_not_sample_no_span_is_even_made()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddYears(1) });
        await Pipeline.RunAsync(partition);
        foreach (var flag in (string[])["00", "01"])
            await pipeline.Book.TriggerAsync(new TriggerJob { Tenant = "t", Id = "job", TraceParent = $"00-4bf92f3577b34da6a3ce929d0e0e47{flag}-00f067aa0ba902b7-{flag}" }, Pipeline.None);

        await Pipeline.RunAsync(partition);

        Assert.Equal(2, (await pipeline.TakeAsync()).Count);
        Assert.Equal("4bf92f3577b34da6a3ce929d0e0e4701", Assert.Single(_spans).TraceId.ToHexString());
    }

    [Fact]
    public async Task What_is_dispatched_again_is_below_its_first_dispatch()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(partition);
        Assert.Single(await pipeline.TakeAsync());

        pipeline.Time.Advance(TimeSpan.FromMinutes(10));
        await Pipeline.RunAsync(partition);

        var again = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal(1, again.Redispatch);
        Assert.Equal(2, _spans.Count);
        Assert.Equal((default, _spans[0].SpanId), (_spans[0].ParentSpanId, _spans[1].ParentSpanId));
        Assert.Equal(_spans[1].Id, again.TraceParent);
    }
}
