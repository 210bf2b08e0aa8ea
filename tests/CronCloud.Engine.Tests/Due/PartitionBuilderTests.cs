using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Due;

/// <summary>Which builds go on, when there are more than there is place for.</summary>
public sealed class PartitionBuilderTests
{
    [Fact]
    public async Task While_a_node_is_late_two_builds_go_on_at_a_time_and_all_that_look_for_what_is_due()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        using var builder = NewBuilder(pipeline);
        var builds = new PartitionBuild?[4];
        for (var partition = 0; partition < 4; partition++)
        {
            // The hundred that are looked at first are due by now in the last partition alone.
            for (var i = 0; i < 101; i++)
                await pipeline.WriteJobAsync(partition < 3 ? Daily : Pipeline.EverySecond, key: KeyIn(partition, i));
        }

        pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        for (var partition = 0; partition < 4; partition++)
            builds[partition] = (await builder.StepAsync(partition, null, isLate: true, Pipeline.None)).Build;
        while (builds.Any(build => build!.Audit.Seen < 100))
        {
            for (var partition = 0; partition < 4; partition++)
                builds[partition] = builds[partition]!.Audit.Seen < 100 ? (await builder.StepAsync(partition, builds[partition], isLate: true, Pipeline.None)).Build : builds[partition];
        }

        pipeline.Time.Advance(TimeSpan.FromSeconds(2));
        var gate = new TaskCompletionSource();
        pipeline.Jobs.ReadsAfter = gate.Task;
        var steps = Enumerable.Range(0, 4).Select(partition => builder.StepAsync(partition, builds[partition], isLate: true, Pipeline.None)).ToList();
        gate.SetResult();

        Assert.Equal([true, true, false, true], (await Task.WhenAll(steps)).Select(step => step.HadPlace));
    }

    [Fact]
    public async Task A_build_that_asks_history_goes_on_while_others_have_all_places()
    {
        const int Places = 16;
        await using var pipeline = await Pipeline.OpenAsync();
        using var builder = NewBuilder(pipeline);
        await pipeline.WriteJobAsync(Pipeline.EverySecond, key: KeyIn(Places, 0));
        pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        await pipeline.CheckpointStore.WriteAsync(new Dictionary<int, DateTimeOffset> { [Places] = pipeline.Time.GetUtcNow() }, Pipeline.None);
        PartitionBuild? asking = null;
        while (asking?.Audit.AsksHistory != true)
            asking = (await builder.StepAsync(Places, asking, isLate: false, Pipeline.None)).Build;
        var reading = new List<PartitionBuild?>();
        for (var partition = 0; partition < Places; partition++)
            reading.Add((await builder.StepAsync(partition, null, isLate: false, Pipeline.None)).Build);

        var gate = new TaskCompletionSource();
        pipeline.Jobs.ReadsAfter = gate.Task;
        var steps = reading.Select((build, partition) => builder.StepAsync(partition, build, isLate: false, Pipeline.None)).ToList();
        var refused = await builder.StepAsync(Places + 1, null, isLate: false, Pipeline.None);
        var asked = await builder.StepAsync(Places, asking, isLate: false, Pipeline.None);
        gate.SetResult();

        Assert.Equal((false, true, false), (refused.HadPlace, asked.HadPlace, asked.Build!.Audit.AsksHistory));
        Assert.All(await Task.WhenAll(steps), step => Assert.True(step.HadPlace));
    }

    [Fact]
    public async Task A_partition_that_cannot_be_built_keeps_no_other_from_it()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        using var builder = NewBuilder(pipeline);
        for (var i = 0; i < 101; i++)
            await pipeline.WriteJobAsync(Daily, key: KeyIn(0, i));
        PartitionBuild? build = null;
        while (build?.Audit.HasSeenSoonest != true)
            build = (await builder.StepAsync(0, build, isLate: false, Pipeline.None)).Build;

        var broken = (await builder.StepAsync(1, null, isLate: false, Pipeline.None)).Build;
        pipeline.Jobs.ReadsAfter = Task.FromException(new IOException("The record is away."));
        await Assert.ThrowsAsync<IOException>(() => builder.StepAsync(1, broken, isLate: false, Pipeline.None));
        pipeline.Jobs.ReadsAfter = Task.CompletedTask;

        Assert.True((await builder.StepAsync(0, build, isLate: false, Pipeline.None)).HadPlace);
    }

    private static ScheduleSpec Daily => new() { Every = TimeSpan.FromDays(1), Anchor = Pipeline.Start.AddHours(12) };

    private static PartitionBuilder NewBuilder(Pipeline pipeline) =>
        new(pipeline.Index, pipeline.Jobs, pipeline.Pending, pipeline.CheckpointStore, pipeline.NewKnown(), pipeline.Time, NullLogger<PartitionBuilder>.Instance);

    /// <summary>The so-manieth job of a partition.</summary>
    private static JobKey KeyIn(int partition, int place) =>
        Enumerable.Range(0, int.MaxValue).Select(i => new JobKey("t", $"other-{i}")).Where(key => key.Partition == partition).ElementAt(place);
}
