using System.Net;
using CronCloud.Backends.DueIndex;
using CronCloud.Engine.Alerts;
using CronCloud.Engine.Clocks;
using CronCloud.Engine.Due;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Alerts;

/// <summary>Whoever hears the ping knows that the node works; whatever keeps it from its work keeps it silent.</summary>
public sealed class HeartbeatPingTests
{
    private static readonly Uri Url = new("https://hc.example/ping/secret");
    private readonly List<Uri?> _pings = [];
    private HttpStatusCode? _status = HttpStatusCode.OK;

    [Fact]
    public async Task A_node_that_works_pings_each_minute()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (ping, checkpoints) = await NewPingAsync(pipeline);
        await AdvanceAsync(pipeline, checkpoints);

        Assert.Equal(TimeSpan.FromMinutes(1), await ping.RunOnceAsync(Pipeline.None));

        Assert.Equal([Url], _pings);
    }

    [Fact]
    public async Task A_node_that_has_told_the_record_nothing_lately_is_silent_until_it_does()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (ping, checkpoints) = await NewPingAsync(pipeline);

        Assert.True(await ping.RunOnceAsync(Pipeline.None) < TimeSpan.FromMinutes(1));
        await AdvanceAsync(pipeline, checkpoints);
        pipeline.Time.Advance(HeartbeatPing.CheckpointAge + TimeSpan.FromSeconds(1));
        await checkpoints.RunOnceAsync(Pipeline.None); // nothing has moved: the queue does not take what is due
        Assert.True(await ping.RunOnceAsync(Pipeline.None) < TimeSpan.FromMinutes(1));
        Assert.Empty(_pings);

        await AdvanceAsync(pipeline, checkpoints);
        await ping.RunOnceAsync(Pipeline.None);
        Assert.Single(_pings);
    }

    [Fact]
    public async Task A_node_that_scans_nothing_is_silent()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var leases = new MemoryLeases(pipeline.Time);
        var (ping, checkpoints) = await NewPingAsync(pipeline, owner: new PartitionOwner("node", leases, leases, pipeline.Time));
        await AdvanceAsync(pipeline, checkpoints);

        await ping.RunOnceAsync(Pipeline.None);

        Assert.Empty(_pings);
    }

    [Fact]
    public async Task A_node_whose_clock_is_not_trusted_is_silent()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var notCompared = new ClockGuard(new DisciplinedClock(pipeline.Time), pipeline.Time, [], NullLogger<ClockGuard>.Instance);
        var (ping, checkpoints) = await NewPingAsync(pipeline, notCompared);
        await AdvanceAsync(pipeline, checkpoints);

        await ping.RunOnceAsync(Pipeline.None);

        Assert.Empty(_pings);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(null)]
    public async Task A_ping_that_failed_is_made_again_soon(HttpStatusCode? status)
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var (ping, checkpoints) = await NewPingAsync(pipeline);
        await AdvanceAsync(pipeline, checkpoints);
        _status = status;

        Assert.Equal(TimeSpan.FromSeconds(5), await ping.RunOnceAsync(Pipeline.None));
        _status = HttpStatusCode.OK;
        Assert.Equal(TimeSpan.FromMinutes(1), await ping.RunOnceAsync(Pipeline.None));

        Assert.Equal(2, _pings.Count);
    }

    private async Task<(HeartbeatPing Ping, Checkpoints Checkpoints)> NewPingAsync(Pipeline pipeline, ClockGuard? clock = null, PartitionOwner? owner = null)
    {
        var checkpoints = pipeline.NewCheckpoints();
        owner ??= await pipeline.NewOwnerAsync();
        var http = new HttpMessageInvoker(new Outside(this));
        return (new HeartbeatPing(new HeartbeatOptions { Url = Url }, owner, clock ?? pipeline.Clock, checkpoints, http, pipeline.Time, NullLogger<HeartbeatPing>.Instance), checkpoints);
    }

    /// <summary>A partition has come further, and the record knows.</summary>
    private static Task AdvanceAsync(Pipeline pipeline, Checkpoints checkpoints)
    {
        checkpoints.Reached(Pipeline.Partition, pipeline.Time.GetUtcNow());
        return checkpoints.RunOnceAsync(Pipeline.None);
    }

    private sealed class Outside(HeartbeatPingTests test) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.Equal(HttpMethod.Get, request.Method);
            test._pings.Add(request.RequestUri);
            return test._status is { } status ? Task.FromResult(new HttpResponseMessage(status)) : throw new HttpRequestException("no route to host");
        }
    }
}
