namespace CronCloud.Gateway.Tests;

[Collection(nameof(RunningGateway))]
public sealed class PagingTests(RunningGateway gateway)
{
    [Fact]
    public async Task Jobs_made_between_pages_repeat_and_hide_nothing()
    {
        var group = $"g{Guid.NewGuid():N}";
        async Task MakeAsync(string name) =>
            Assert.Equal(201, (await gateway.SendAsync("POST", "/v1/jobs", gateway.Job($"{group}-{name}", more: $$""","tags":{"group":"{{group}}"}"""))).Status);
        foreach (var name in new[] { "b", "d", "f", "h" })
            await MakeAsync(name);

        var first = await gateway.SendAsync("GET", $"/v1/jobs?tag=group:{group}&limit=2");
        await MakeAsync("a");
        await MakeAsync("e");
        await gateway.SendAsync("DELETE", $"/v1/jobs/{group}-d");
        var second = await gateway.SendAsync("GET", $"/v1/jobs?tag=group:{group}&limit=2&cursor={first.Json["nextCursor"]}");
        var third = await gateway.SendAsync("GET", $"/v1/jobs?tag=group:{group}&limit=2&cursor={second.Json["nextCursor"]}");

        Assert.Equal(["b", "d", "e", "f", "h"], first.Ids().Concat(second.Ids()).Concat(third.Ids()).Select(id => id[^1..]));
        Assert.Null(third.Json["nextCursor"]);
    }

    [Fact]
    public async Task All_tags_must_match_and_a_tag_is_no_pattern()
    {
        var group = $"g{Guid.NewGuid():N}";
        var id = await gateway.MakeJobAsync(more: $$""","tags":{"group":"{{group}}","k":"v"}""");

        Assert.Equal([id], (await gateway.SendAsync("GET", $"/v1/jobs?tag=group:{group}&tag=k:v")).Ids());
        Assert.Empty((await gateway.SendAsync("GET", $"/v1/jobs?tag=group:{group}&tag=k:w")).Ids());
        Assert.Empty((await gateway.SendAsync("GET", $"/v1/jobs?tag=group:{group[..^1]}%25")).Ids());
        Assert.Empty((await gateway.SendAsync("GET", $"/v1/jobs?tag=group:{group}&q=%25")).Ids());
        Assert.Empty((await gateway.SendAsync("GET", $"/v1/jobs?tag=group:{group}&target=elsewhere.example")).Ids());
    }

    [Fact]
    public async Task Revisions_are_paged_newest_first_and_outlive_the_job()
    {
        var id = await gateway.MakeJobAsync();
        await gateway.SendAsync("POST", $"/v1/jobs/{id}/pause");
        await gateway.SendAsync("POST", $"/v1/jobs/{id}/resume");
        await gateway.SendAsync("PATCH", $"/v1/jobs/{id}", """{"description":"x"}""");
        await gateway.SendAsync("DELETE", $"/v1/jobs/{id}");

        var first = await gateway.SendAsync("GET", $"/v1/jobs/{id}/revisions?limit=3");
        var second = await gateway.SendAsync("GET", $"/v1/jobs/{id}/revisions?limit=3&cursor={first.Json["nextCursor"]}");

        Assert.Equal(["deleted", "updated", "resumed", "paused", "created"], first.Ids("action").Concat(second.Ids("action")));
        Assert.All(first.Json["items"]!.AsArray(), r => Assert.Equal("api", (string?)r!["by"]));
    }

    [Fact]
    public async Task Executions_are_filtered_by_time_and_outlive_the_job()
    {
        var id = await gateway.MakeJobAsync();
        var at = (string)(await gateway.RunAsync(id))["scheduledAt"]!;
        await gateway.SendAsync("DELETE", $"/v1/jobs/{id}");

        Assert.Single((await gateway.SendAsync("GET", $"/v1/executions?job={id}&from={at}")).Ids("executionId"));
        Assert.Empty((await gateway.SendAsync("GET", $"/v1/executions?job={id}&from=2099-01-01T00:00:00Z")).Ids("executionId"));
        Assert.Empty((await gateway.SendAsync("GET", $"/v1/executions?job={id}&to=2020-01-01T00:00:00Z")).Ids("executionId"));
        Assert.Empty((await gateway.SendAsync("GET", $"/v1/executions?job={id}&status=deadLettered")).Ids("executionId"));
        Assert.Single((await gateway.SendAsync("GET", $"/v1/executions?job={id}&status=succeeded")).Ids("executionId"));
    }

    [Theory]
    [InlineData("/v1/jobs?Limit=1", "?Limit")]
    [InlineData("/v1/executions?jobs=x", "?jobs")]
    [InlineData("/v1/jobs/x/executions?job=y", "?job")]
    [InlineData("/v1/jobs/x/revisions?q=y", "?q")]
    [InlineData("/v1/jobs/x/upcoming?limit=1", "?limit")]
    [InlineData("/v1/jobs/x/upcoming?count=0", "?count")]
    [InlineData("/v1/jobs/x/upcoming?count=501", "?count")]
    [InlineData("/v1/jobs?limit=1.0", "?limit")]
    [InlineData("/v1/executions?to=2026-12-01T03:00:00", "?to")]
    [InlineData("/v1/jobs?q=%00", "?q")]
    [InlineData("/v1/jobs?target=a%1Fb", "?target")]
    [InlineData("/v1/jobs?tag=a:%00", "?tag")]
    [InlineData("/v1/executions?job=%00", "?job")]
    [InlineData("/v1/executions?q=a%7Fb", "?q")]
    [InlineData("/v1/dead-letters?job=%0A", "?job")]
    public async Task An_unknown_or_bad_parameter_is_refused_by_name(string path, string pointer)
    {
        var reply = await gateway.SendAsync("GET", path);

        reply.IsProblem(400, "request.invalid");
        Assert.Equal([pointer], reply.Pointers());
    }

    [Theory]
    [InlineData("/v1/jobs", "!")]
    [InlineData("/v1/jobs", "AA")]
    [InlineData("/v1/jobs/x/revisions", "YWJj")]
    [InlineData("/v1/executions", "YWJj")]
    [InlineData("/v1/executions", "LTkyMjMzNzIwMzY4NTQ3NzU4MDgvYQ")]
    [InlineData("/v1/executions", "MS8A")]
    [InlineData("/v1/dead-letters", "YWJj")]
    public async Task A_cursor_that_the_list_did_not_give_out_is_refused(string path, string cursor)
    {
        var reply = await gateway.SendAsync("GET", $"{path}?cursor={cursor}");

        reply.IsProblem(400, "request.invalid");
        Assert.Equal(["?cursor"], reply.Pointers());
    }

    [Fact]
    public async Task A_refused_parameter_is_told_which_ones_there_are_each_once()
    {
        var reply = await gateway.SendAsync("GET", "/v1/jobs/x/executions?colour=red");

        Assert.EndsWith("there are status, from, to, q, limit, cursor", (string?)reply.Json["errors"]!["?colour"]![0], StringComparison.Ordinal);
    }
}
