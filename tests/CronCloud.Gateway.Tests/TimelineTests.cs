using System.Text.Json.Nodes;

namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class TimelineTests(RunningGateway gateway)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_failure_that_became_a_dead_letter_is_told_from_its_due_time_to_its_end()
    {
        var id = await gateway.MakeJobAsync("/status/500", ""","retry":{"maxRetries":1,"initialDelay":"1s","jitter":false}""");
        var execution = await gateway.RunAsync(id);

        var timeline = await TellAsync((string)execution["executionId"]!);

        Assert.Equal((id, "deadLettered", (string)execution["scheduledAt"]!), ((string)timeline["jobId"]!, (string)timeline["status"]!, (string)timeline["scheduledAt"]!));
        Assert.Equal(["due", "dispatched", "started", "failed", "retry", "dispatched", "started", "failed", "deadLettered"], Kinds(timeline));
        var retry = Event(timeline, "retry");
        Assert.Equal("the target answered 500; attempt 2 of 2 follows after 1s, because the job retries with initialDelay 1s, multiplier 2", (string?)retry["detail"]);
        Assert.Equal((string)execution["attempts"]![0]!["nextAttemptAt"]!, (string)retry["dueAt"]!);
        var dispatched = Event(timeline, "dispatched");
        Assert.False(string.IsNullOrEmpty((string?)dispatched["node"]));
        Assert.InRange((int)dispatched["partition"]!, 0, 255);
        Assert.Equal("the target answered 500, and all 2 attempts are used up", (string?)Event(timeline, "deadLettered")["detail"]);
    }

    [Fact]
    public async Task A_redrive_and_what_came_of_it_are_told_behind_the_dead_letter()
    {
        var id = await gateway.MakeJobAsync("/status/404");
        var execution = (string)(await gateway.RunAsync(id))["executionId"]!;
        await gateway.SendAsync("POST", $"/v1/dead-letters/{execution}/redrive");
        for (var tries = 0; tries < 100 && Kinds(await TellAsync(execution)).Count(kind => kind == "failed") < 2; tries++)
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);

        Assert.Equal(["due", "dispatched", "started", "failed", "deadLettered", "redriven", "dispatched", "started", "failed", "deadLettered"], Kinds(await TellAsync(execution)));
    }

    [Fact]
    public async Task What_runs_and_what_waits_for_it_are_told_as_of_now()
    {
        var id = await gateway.MakeJobAsync("/slow/8000", ""","overlap":"queue" """);
        var first = (string)(await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger")).Json["executionId"]!;
        await gateway.Sink.UntilAsync(1, w => w.Path.EndsWith(id, StringComparison.Ordinal), Patience);
        var second = (string)(await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger")).Json["executionId"]!;

        var running = await TellAsync(first);
        var waiting = await TellAsync(second);
        for (var tries = 0; tries < 50 && Detail(waiting, "waiting")?.Contains("has ended", StringComparison.Ordinal) != true; tries++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            waiting = await TellAsync(second);
        }

        Assert.Equal(["due", "dispatched", "running"], Kinds(running));
        Assert.Equal("running", (string?)running["status"]);
        Assert.StartsWith("attempt 1 is on the execution queue or with a worker; without an outcome by ", Detail(running, "running"), StringComparison.Ordinal);
        Assert.Equal($"attempt 1 waits until {first} has ended, since executions of the job must not overlap", Detail(waiting, "waiting"));
    }

    [Fact]
    public async Task A_retry_that_waits_says_until_when()
    {
        var id = await gateway.MakeJobAsync("/status/503", ""","retry":{"maxRetries":3,"initialDelay":"1h"}""");
        var execution = (string)(await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger")).Json["executionId"]!;
        var timeline = await TellAsync(execution);
        for (var tries = 0; tries < 100 && (string?)timeline["status"] != "retrying"; tries++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            timeline = await TellAsync(execution);
        }

        Assert.Equal(["due", "dispatched", "started", "failed", "retry", "waiting"], Kinds(timeline));
        Assert.Equal($"attempt 2 waits for its time, {(string?)Event(timeline, "retry")["dueAt"]}", Detail(timeline, "waiting"));
    }

    [Theory]
    [InlineData("no-execution")]
    [InlineData("nobody@20261201T030000Z")]
    public async Task An_execution_that_nobody_knows_has_no_timeline(string id) =>
        (await gateway.SendAsync("GET", $"/v1/executions/{id}/timeline")).IsProblem(404, "execution.not_found");

    private async Task<JsonObject> TellAsync(string executionId)
    {
        var reply = await gateway.SendAsync("GET", $"/v1/executions/{executionId}/timeline");
        Assert.True(reply.Status == 200, reply.Body);
        return reply.Json;
    }

    private static List<string> Kinds(JsonObject timeline) => [.. timeline["events"]!.AsArray().Select(e => (string)e!["event"]!)];

    private static JsonNode Event(JsonObject timeline, string kind) => timeline["events"]!.AsArray().First(e => (string?)e!["event"] == kind)!;

    private static string? Detail(JsonObject timeline, string kind) => (string?)timeline["events"]!.AsArray().FirstOrDefault(e => (string?)e!["event"] == kind)?["detail"];
}
