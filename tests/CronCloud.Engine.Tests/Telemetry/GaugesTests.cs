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
        using var gauges = NewGauges(pipeline, owner, parts);
        Listen(gauges.Meter);
        await pipeline.WriteJobAsync(new ScheduleSpec { At = Pipeline.Start.AddSeconds(1) });
        await Pipeline.RunAsync(partition);
        Assert.Equal((0, 0), (Backlog(), Lag()));

        pipeline.Queue.Refuses = true;
        pipeline.Time.Advance(TimeSpan.FromSeconds(4));
        await Assert.ThrowsAsync<IOException>(() => partition.RunOnceAsync(Pipeline.None));
        await RenewAsync(owner);
        Assert.Equal((1, 3), (Backlog(), Lag()));

        pipeline.Queue.Refuses = false;
        await Pipeline.RunAsync(partition);
        Assert.Equal((0, 0, Partitions.Count), (Backlog(), Lag(), Told("croncloud.partitions.held")));
    }

    [Fact]
    public async Task The_oldest_checkpoint_counts_and_one_that_was_never_written_from_when_the_partition_was_taken_over()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var checkpoints = pipeline.NewCheckpoints();
        var parts = pipeline.NewParts(checkpoints);
        var owner = await pipeline.NewOwnerAsync();
        using var gauges = NewGauges(pipeline, owner, parts);
        Listen(gauges.Meter);
        pipeline.Time.Advance(TimeSpan.FromSeconds(7));
        await RenewAsync(owner);
        Assert.Equal(7, Told("croncloud.checkpoint.age"));

        for (var partition = 0; partition < Partitions.Count; partition++)
            checkpoints.Reached(partition, Pipeline.Start.AddSeconds(partition == 3 ? 5 : 7));
        await checkpoints.RunOnceAsync(Pipeline.None);

        Assert.Equal(2, Told("croncloud.checkpoint.age"));
    }

    [Fact]
    public async Task While_the_index_is_away_what_came_due_since_the_last_look_is_late()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var parts = pipeline.NewParts();
        var partition = new DuePartition(Pipeline.Partition, parts, pipeline.Time);
        var owner = await pipeline.NewOwnerAsync();
        using var gauges = NewGauges(pipeline, owner, parts);
        Listen(gauges.Meter);
        await Pipeline.RunAsync(partition);
        pipeline.Index.IsAway = true;

        pipeline.Time.Advance(TimeSpan.FromSeconds(4));
        await RenewAsync(owner);
        await Assert.ThrowsAsync<IOException>(() => partition.RunOnceAsync(Pipeline.None));
        Assert.Equal(0, Lag());

        pipeline.Time.Advance(TimeSpan.FromSeconds(4));
        await RenewAsync(owner);
        await Assert.ThrowsAsync<IOException>(() => partition.RunOnceAsync(Pipeline.None));
        Assert.Equal(8, Lag());
        Assert.Equal(8, Told("croncloud.due.lag", $"{(Pipeline.Partition + 1) % Partitions.Count}")); // nobody ever looked at it

        pipeline.Index.IsAway = false;
        await Pipeline.RunAsync(partition);
        Assert.Equal(0, Lag());
    }

    [Fact]
    public async Task A_node_that_cannot_renew_its_leases_tells_nothing_of_partitions_that_may_be_anothers()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var parts = pipeline.NewParts();
        var owner = await pipeline.NewOwnerAsync();
        using var gauges = NewGauges(pipeline, owner, parts);
        Listen(gauges.Meter);
        await Pipeline.RunAsync(new DuePartition(Pipeline.Partition, parts, pipeline.Time));
        Assert.Equal((Partitions.Count, 0), (Told("croncloud.partitions.held"), Lag()));

        pipeline.Time.Advance(PartitionOwner.LeaseLife);
        Assert.Equal(0, Told("croncloud.partitions.held"));
        Assert.Null(Lag());
        Assert.Null(Told("croncloud.checkpoint.age"));
        Assert.Equal(Partitions.Count, owner.Held.Count); // and goes on scanning them

        await RenewAsync(owner);
        Assert.Equal(Partitions.Count, Told("croncloud.partitions.held"));
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

        pipeline.Time.Advance(TimeSpan.FromSeconds(14)); // a run that hangs, and does not even heed its cancellation
        Assert.Equal(0, Told("croncloud.queue.depth"));
        pipeline.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Told("croncloud.queue.depth"));
        await depths.RunOnceAsync(Pipeline.None);
        Assert.Equal(0, Told("croncloud.queue.depth"));

        pipeline.Queue.IsAway = true;
        await Assert.ThrowsAsync<IOException>(() => depths.RunOnceAsync(Pipeline.None));
        Assert.Null(Told("croncloud.queue.depth"));
        Assert.Null(Told("croncloud.outcome.lag", "settler"));
    }

    private static PartitionGauges NewGauges(Pipeline pipeline, PartitionOwner owner, DuePartitionParts parts) =>
        new(owner, parts, new InvariantScan(owner, pipeline.Index, pipeline.Pending, new Findings(NullLogger<Findings>.Instance), pipeline.Time), pipeline.Time);

    private static Task RenewAsync(PartitionOwner owner) => owner.RunOnceAsync([.. owner.Held], Pipeline.None);

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
