using CronCloud.Core.Alerts;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Signatures;
using CronCloud.Engine.Alerts;
using CronCloud.Engine.Due;
using CronCloud.Engine.Outcomes;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Alerts;

/// <summary>Messages by way of the pipeline: executions of a job that has no row.</summary>
public sealed class WebhookSenderTests
{
    /// <summary>A channel whose messages are in the partition of these tests.</summary>
    private static readonly Channel Ops = Enumerable.Range(0, 100_000).Select(i => ChannelOf($"ops-{i}")).First(c => new JobKey(c.Tenant, ChannelJob.IdOf(c.Id)).Partition == Pipeline.Partition);

    [Fact]
    public async Task A_message_is_an_execution_that_names_its_key_and_holds_no_secret()
    {
        await using var pipeline = await Pipeline.OpenAsync();

        await NewSender(pipeline).SendAsync(Ops, Message("m1"), Pipeline.None);
        await Pipeline.RunAsync(pipeline.NewPartition());

        var execution = Assert.Single(await pipeline.TakeAsync());
        Assert.Equal(($"croncloud.channel.{Ops.Id}", 3, Trigger.Event, 1), (execution.JobId, execution.JobVersion, execution.Trigger, execution.Attempt));
        Assert.Equal((WebhookSender.ExecutionIdOf(Ops, Message("m1")), Pipeline.Start.AddSeconds(-7)), (execution.ExecutionId, execution.ScheduledAt));
        Assert.Equal(new SignedBy($"channel/{Ops.Id}/{Ops.CreatedAt.ToUnixTimeMilliseconds()}", "m1"), execution.SignedBy);
        Assert.Equal(("https://example.com/hook", "POST", "m1"), (execution.Target.Http!.Url, execution.Target.Http.Method, execution.Target.Http.Body!.Value.GetProperty("id").GetString()));
        Assert.Equal(new JobKey("t", execution.JobId), ExecutionId.Job("t", execution.ExecutionId));
    }

    [Fact]
    public async Task A_message_that_is_sent_again_is_delivered_once()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (sender, partition) = (NewSender(pipeline), pipeline.NewPartition());

        await sender.SendAsync(Ops, Message("m1"), Pipeline.None);
        await sender.SendAsync(Ops, Message("m1"), Pipeline.None);
        await sender.SendAsync(Ops, Message("m2"), Pipeline.None);
        await Pipeline.RunAsync(partition);
        var taken = await pipeline.TakeAsync();
        Assert.Equal(2, taken.Count);
        await sender.SendAsync(Ops, Message("m1"), Pipeline.None);
        await EndAsync(pipeline, taken.Single(e => e.SignedBy!.MessageId == "m1"), AttemptResult.Succeeded);
        await sender.SendAsync(Ops, Message("m1"), Pipeline.None);
        await Pipeline.RunAsync(partition);

        Assert.Empty(await pipeline.TakeAsync());
        Assert.Equal("m2", Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None)).Execution.SignedBy!.MessageId);
    }

    [Fact]
    public async Task A_message_whose_arming_failed_is_armed_when_it_is_sent_again()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await NewSender(pipeline).SendAsync(Ops, Message("m1"), Pipeline.None);
        pipeline.Index.Empty();

        await NewSender(pipeline).SendAsync(Ops, Message("m1"), Pipeline.None);
        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Single(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task A_lost_index_is_built_with_the_messages_that_wait()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        await NewSender(pipeline).SendAsync(Ops, Message("m1"), Pipeline.None);

        pipeline.Index.Empty();
        await Pipeline.RunAsync(pipeline.NewPartition());

        Assert.Single(await pipeline.TakeAsync());
    }

    [Fact]
    public async Task No_scan_takes_a_message_for_something_that_should_not_be_there()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (owner, findings, partition) = (await pipeline.NewOwnerAsync(), new Findings(NullLogger<Findings>.Instance), pipeline.NewPartition());
        var records = new RecordScan(owner, pipeline.Index, pipeline.Jobs, pipeline.Pending, pipeline.CheckpointStore, new DueBacklog(), findings, pipeline.Time);
        var invariants = new InvariantScan(owner, pipeline.Index, pipeline.Pending, findings, pipeline.Time);
        await NewSender(pipeline).SendAsync(Ops, Message("m1"), Pipeline.None);
        await Pipeline.RunAsync(partition);
        await EndAsync(pipeline, Assert.Single(await pipeline.TakeAsync()), AttemptResult.TimedOut);

        for (var look = 0; look < 3; look++)
        {
            for (var runs = 0; runs < Partitions.Count; runs++)
            {
                await records.RunOnceAsync(Pipeline.None);
                await invariants.RunOnceAsync(Pipeline.None);
            }

            Assert.Equal(0, findings.Total);
            pipeline.Time.Advance(look == 0 ? TimeSpan.FromSeconds(10) : Suspects.Patience);
            await Pipeline.RunAsync(partition);
        }

        Assert.Equal(2, Assert.Single(await pipeline.TakeAsync()).Attempt);
        Assert.Single(await pipeline.Pending.ReadAsync(Pipeline.Partition, Pipeline.None));
    }

    [Fact]
    public async Task What_is_refused_is_tried_six_times_and_then_a_dead_letter_that_can_be_redriven()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var partition = pipeline.NewPartition();
        await NewSender(pipeline).SendAsync(Ops, Message("m1"), Pipeline.None);

        for (var attempt = 1; attempt <= 6; attempt++)
        {
            await Pipeline.RunAsync(partition);
            var execution = Assert.Single(await pipeline.TakeAsync());
            Assert.Equal((attempt, "m1"), (execution.Attempt, execution.SignedBy!.MessageId));
            await EndAsync(pipeline, execution, AttemptResult.Failed);
            pipeline.Time.Advance(TimeSpan.FromHours(1));
        }

        var id = WebhookSender.ExecutionIdOf(Ops, Message("m1"));
        Assert.Equal(6, (await pipeline.DeadLetters.FindAsync("t", id, Pipeline.None))!.Attempts.Count);
        Assert.True(await new Redrive(pipeline.DeadLetters, pipeline.Index, pipeline.Time).OneAsync("t", id, Pipeline.None));
        await Pipeline.RunAsync(partition);
        await Pipeline.RunAsync(partition);
        Assert.Equal((7, "m1"), Assert.Single((await pipeline.TakeAsync()).Select(e => (e.Attempt, e.SignedBy!.MessageId))));
    }

    [Fact]
    public void A_channel_that_is_made_anew_has_another_key() => Assert.NotEqual(ChannelJob.KeyOf(Ops), ChannelJob.KeyOf(Ops with { CreatedAt = Ops.CreatedAt.AddMilliseconds(1) }));

    [Fact]
    public void Ids_of_channels_are_told_from_those_of_jobs()
    {
        Assert.True(ChannelJob.IsId(ChannelJob.IdOf(new string('x', 128))));
        Assert.False(ChannelJob.IsId("croncloud.channel."));
        Assert.False(ChannelJob.IsId("croncloud.channel.a b"));
        Assert.False(ChannelJob.IsId("ops"));
        Assert.True(JobRules.IsReserved(ChannelJob.IdOf("ops")));
    }

    private static async Task EndAsync(Pipeline pipeline, Execution execution, AttemptResult result)
    {
        await pipeline.PublishAsync(pipeline.OutcomeOf(execution, result, result == AttemptResult.Failed ? 500 : null));
        await pipeline.NewSettler().RunOnceAsync(Pipeline.None);
    }

    private static WebhookSender NewSender(Pipeline pipeline) => new(pipeline.Pending, pipeline.Index, new AlertLinks(null), pipeline.Time);

    private static Channel ChannelOf(string id) => new()
    {
        Tenant = "t",
        Id = id,
        Webhook = new WebhookChannel { Url = new Uri("https://example.com/hook") },
        Version = 3,
        CreatedAt = Pipeline.Start.AddDays(-1),
        UpdatedAt = Pipeline.Start,
    };

    private static AlertMessage Message(string id) => new()
    {
        Id = id,
        Tenant = "t",
        Kind = AlertKind.Opened,
        At = Pipeline.Start.AddSeconds(-7),
        Items = [new AlertItem { IncidentId = "i1", JobId = "a", Summary = "late", Since = Pipeline.Start }],
    };
}
