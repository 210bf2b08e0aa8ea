using System.Diagnostics.Metrics;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using CronCloud.Engine.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Telemetry;

/// <summary>What gauges tell when somebody asks.</summary>
public sealed class GaugesTests : IDisposable
{
    private readonly List<(string Name, string Tag, double Value)> _told = [];
    private readonly MeterListener _listener = new();

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task What_the_queue_refuses_is_backlog_of_its_partition_until_it_is_taken()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var parts = pipeline.NewParts();
        var partition = new DuePartition(Pipeline.Partition, parts, pipeline.Time);
        var owner = await pipeline.NewOwnerAsync();
        using var gauges = new PartitionGauges(owner, parts, new InvariantScan(owner, pipeline.Index, pipeline.Pending, new Findings(NullLogger<Findings>.Instance), pipeline.Time), pipeline.Time);
        Listen(gauges.Meter);
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        await Pipeline.RunAsync(partition);
        Assert.Equal((0, 0), (Backlog(), Lag()));

        pipeline.Queue.Refuses = true;
        pipeline.Time.Advance(TimeSpan.FromSeconds(4));
        await Assert.ThrowsAsync<IOException>(() => partition.RunOnceAsync(Pipeline.None));
        Assert.Equal((1, 3), (Backlog(), Lag()));

        pipeline.Queue.Refuses = false;
        await Pipeline.RunAsync(partition);
        Assert.Equal((0, 0, Partitions.Count), (Backlog(), Lag(), Told("croncloud.partitions.held")));
    }

    [Fact]
    public async Task The_age_of_a_checkpoint_is_told_once_there_is_one()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = pipeline.NewCheckpoints();
        var parts = pipeline.NewParts(checkpoints);
        var owner = await pipeline.NewOwnerAsync();
        using var gauges = new PartitionGauges(owner, parts, new InvariantScan(owner, pipeline.Index, pipeline.Pending, new Findings(NullLogger<Findings>.Instance), pipeline.Time), pipeline.Time);
        Listen(gauges.Meter);
        Assert.Null(Told("croncloud.checkpoint.age"));

        checkpoints.Reached(3, Pipeline.Start);
        checkpoints.Reached(4, Pipeline.Start.AddSeconds(5));
        await checkpoints.RunOnceAsync(Pipeline.None);
        pipeline.Time.Advance(TimeSpan.FromSeconds(7));

        Assert.Equal(7, Told("croncloud.checkpoint.age"));
    }

    [Fact]
    public async Task What_waits_in_the_streams_is_told_and_nothing_is_while_they_do_not_answer()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        using var depths = new StreamDepths(pipeline.Queue, pipeline.Outcomes, pipeline.Time);
        Listen(depths.Meter);
        Assert.Null(Told("croncloud.queue.depth"));
        var partition = pipeline.NewPartition();
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        await Pipeline.RunAsync(partition);

        await depths.RunOnceAsync(Pipeline.None);
        Assert.Equal((1, 0), (Told("croncloud.queue.depth"), Told("croncloud.queue.taken")));

        var execution = Assert.Single(await pipeline.TakeAsync());
        await pipeline.PublishAsync(pipeline.OutcomeOf(execution, AttemptResult.Succeeded));
        await depths.RunOnceAsync(Pipeline.None);
        Assert.Equal((0, 1, 1), (Told("croncloud.queue.depth"), Told("croncloud.outcome.lag", "settler"), Told("croncloud.outcome.lag", "history")));

        pipeline.Queue.IsAway = true;
        await Assert.ThrowsAsync<IOException>(() => depths.RunOnceAsync(Pipeline.None));
        Assert.Null(Told("croncloud.queue.depth"));
        Assert.Null(Told("croncloud.outcome.lag", "settler"));
    }

    private double? Backlog() => Told("croncloud.due.backlog", $"{Pipeline.Partition}");

    private double? Lag() => Told("croncloud.due.lag", $"{Pipeline.Partition}");

    private double? Told(string name, string tag = "")
    {
        _told.Clear();
        _listener.RecordObservableInstruments();
        return _told.Where(told => (told.Name, told.Tag) == (name, tag)).Select(told => (double?)told.Value).SingleOrDefault();
    }

    /// <summary>To one meter: other tests have theirs, of the same name.</summary>
    private void Listen(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == meter)
                listener.EnableMeasurementEvents(instrument);
        };
        void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => _told.Add((instrument.Name, tags.Length > 0 ? $"{tags[0].Value}" : "", value));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }
}
