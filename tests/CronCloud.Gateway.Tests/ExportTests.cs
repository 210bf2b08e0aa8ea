using System.Text;
using System.Text.Json.Nodes;

namespace CronCloud.Gateway.Tests;

/// <summary>Jobs out by the line.</summary>
[Collection(nameof(RunningGateway))]
public sealed class ExportTests(RunningGateway gateway)
{
    [Fact]
    public async Task An_export_imported_again_changes_nothing_and_is_the_same_again()
    {
        var tag = $"t{Guid.NewGuid():N}";
        var active = await gateway.MakeJobAsync(more: $$""","description":"Zürich \"ü\"","tags":{"group":"{{tag}}"},"overlap":"queue","retry":{"maxRetries":2},"alerts":{"slowAfter":"1m"}""");
        var paused = await gateway.MakeJobAsync(more: $$""","tags":{"group":"{{tag}}"},"state":"paused" """);
        var deleted = await gateway.MakeJobAsync(more: $$""","tags":{"group":"{{tag}}"}""");
        await gateway.SendAsync("DELETE", $"/v1/jobs/{deleted}");

        var export = await gateway.SendAsync("GET", $"/v1/jobs/export?tag=group:{tag}");
        using var content = new StringContent(export.Body, Encoding.UTF8, "application/x-ndjson");
        using var imported = await gateway.Http.PostAsync(new Uri("/v1/jobs/import", UriKind.Relative), content);

        Assert.Equal((200, "application/x-ndjson"), (export.Status, export.ContentType));
        string[] expected = [.. new[] { active, paused }.Order(StringComparer.Ordinal)];
        var lines = export.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(expected, lines.Select(line => (string)line["id"]!));
        Assert.Equal("paused", (string?)lines.Single(line => (string)line["id"]! == paused)["state"]);
        Assert.All(lines, line => Assert.Null(line["version"] ?? line["nextDueAt"]));
        Assert.Equal(string.Concat(expected.Select((id, i) => $$"""{"line":{{i + 1}},"id":"{{id}}","status":"unchanged"}""" + "\n")), await imported.Content.ReadAsStringAsync());
        Assert.Equal(export.Body, (await gateway.SendAsync("GET", $"/v1/jobs/export?tag=group:{tag}")).Body);
    }

    [Fact]
    public async Task The_filters_of_lists_hold()
    {
        var id = await gateway.MakeJobAsync();

        Assert.Single((await gateway.SendAsync("GET", $"/v1/jobs/export?q={id}")).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("", (await gateway.SendAsync("GET", $"/v1/jobs/export?q={id}&state=paused")).Body);
        Assert.Equal(["?limit", "?state"], (await gateway.SendAsync("GET", "/v1/jobs/export?state=gone&limit=3")).Pointers().Order());
    }
}
