using System.Net.Http.Headers;
using System.Text;

namespace CronCloud.Gateway.Tests;

/// <summary>What is no JSON, or JSON that cannot be read.</summary>
[Collection(nameof(RunningGateway))]
public sealed class BodyTests(RunningGateway gateway)
{
    private const string Job = "\"schedule\":{\"every\":\"1h\"},\"target\":{\"http\":{\"url\":\"https://example.com\"}}";

    [Theory]
    [InlineData("{" + Job + ",\"description\":\"\\ud800\"}")]
    [InlineData("{" + Job + ",\"id\":\"\\udc00\"}")]
    [InlineData("{" + Job + ",\"\\ud800\":1}")]
    [InlineData("{" + Job + ",\"tags\":{\"\\ud800\":\"a\"}}")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"tags\":{\"a\":\"1\",\"a\":\"2\"}}")]
    public async Task Text_that_is_no_JSON_object_is_refused_as_a_whole(string body)
    {
        var reply = await gateway.SendAsync("POST", "/v1/jobs", body);

        reply.IsProblem(400, "request.invalid");
        Assert.Equal([""], reply.Pointers());
    }

    [Theory]
    [InlineData("id")]
    [InlineData("description")]
    public async Task Broken_UTF_8_is_refused(string field)
    {
        using var content = new ByteArrayContent([.. Encoding.UTF8.GetBytes($"{{{Job},\"{field}\":\"x"), 0xFF, (byte)'"', (byte)'}']);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await gateway.Http.PostAsync(new Uri("/v1/jobs", UriKind.Relative), content);

        (await Reply.OfAsync(response)).IsProblem(400, "request.invalid");
    }

    [Fact]
    public async Task A_deep_body_is_refused_and_one_of_32_levels_is_not()
    {
        static string Nested(int levels) => new string('[', levels) + new string(']', levels);
        var id = await gateway.MakeJobAsync();

        Assert.Equal([""], (await gateway.SendAsync("POST", $"/v1/jobs/{id}/trigger", $$"""{"payload":{{Nested(32)}}}""")).Pointers());
        await gateway.RunAsync(id, $$"""{"payload":{{Nested(31)}}}""");

        Assert.Equal(Nested(31), gateway.Sink.Received.Single(w => w.Path.EndsWith(id, StringComparison.Ordinal)).Body);
    }

    [Theory]
    [InlineData("/v1/jobs", "POST")]
    [InlineData("/v1/jobs/large", "PUT")]
    [InlineData("/v1/jobs/large", "PATCH")]
    [InlineData("/v1/jobs/large/trigger", "POST")]
    [InlineData("/v1/schedules/preview", "POST")]
    public async Task A_body_above_a_megabyte_is_refused_everywhere(string path, string method)
    {
        var large = "{\"a\":\"" + new string('x', 1024 * 1024) + "\"}";

        (await gateway.SendAsync(method, path, large)).IsProblem(413, "request.too_large");
        (await gateway.SendAsync(method, path, large, ("Idempotency-Key", Guid.NewGuid().ToString()))).IsProblem(413, "request.too_large");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Another_media_type_is_refused(string type)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes($"{{{Job}}}"));
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var response = await gateway.Http.PostAsync(new Uri("/v1/jobs", UriKind.Relative), content);

        (await Reply.OfAsync(response)).IsProblem(415, "request.media_type");
    }

    [Fact]
    public async Task A_merge_patch_may_be_called_one()
    {
        var id = await gateway.MakeJobAsync();
        using var content = new StringContent("""{"description":"x"}""", Encoding.UTF8, new MediaTypeHeaderValue("application/merge-patch+json"));
        using var response = await gateway.Http.PatchAsync(new Uri($"/v1/jobs/{id}", UriKind.Relative), content);

        Assert.Equal(200, (int)response.StatusCode);
    }
}
