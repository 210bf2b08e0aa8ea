namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class OverlapTests(RunningGateway gateway)
{
    [Fact]
    public async Task A_skipped_execution_says_why_and_has_no_attempts()
    {
        var id = await gateway.MakeJobAsync("/slow/2000", ""","overlap":"skip" """);
        var running = (string)(await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger")).Json["executionId"]!;
        await gateway.Sink.UntilAsync(1, w => w.ExecutionId == running, TimeSpan.FromSeconds(10));

        var skipped = await gateway.RunAsync(id);

        Assert.Equal(("skipped", "the execution before it still runs"), ((string?)skipped["status"], (string?)skipped["reason"]));
        Assert.Empty(skipped["attempts"]!.AsArray());
        Assert.Null(skipped["latenessMs"]);
        Assert.Equal("succeeded", (string?)(await gateway.EndedAsync(running))["status"]);
    }

    [Fact]
    public async Task Executions_that_wait_for_each_other_do_not_overlap()
    {
        var id = await gateway.MakeJobAsync("/slow/1000", ""","overlap":"queue" """);
        var first = (string)(await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger")).Json["executionId"]!;
        await gateway.Sink.UntilAsync(1, w => w.ExecutionId == first, TimeSpan.FromSeconds(10));

        var second = await gateway.RunAsync(id);

        Assert.Equal("succeeded", (string?)second["status"]);
        var (one, two) = (gateway.Sink.Received.First(w => w.ExecutionId == first), gateway.Sink.Received.First(w => w.ExecutionId == (string?)second["executionId"]));
        Assert.True(two.At - one.At >= TimeSpan.FromMilliseconds(990), $"{two.At - one.At} passed between the starts of two executions of a second each.");
    }
}
