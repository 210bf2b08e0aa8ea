using System.Text;
using System.Text.Json.Nodes;
using CronCloud.Backends.Mail;
using CronCloud.Backends.Sql;
using CronCloud.Core.Alerts;
using CronCloud.Engine.Executing;
using CronCloud.Gateway.Api;
using CronCloud.Node.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Gateway.Tests;

/// <summary>A gateway on real servers that was given no signing key.</summary>
public sealed class SigningKeyMissingTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-keyless-").FullName;
    private readonly NodeSettings _settings = new()
    {
        Roles = new HashSet<string> { "gateway" },
        DataDirectory = "./data",
        NodeName = "node",
        Targets = new TargetOptions(),
        Worker = new WorkerOptions(),
        Alerts = new AlertSettings(),
    };

    private SqlDatabase _database = null!;
    private SqlChannelStore _channels = null!;
    private ChannelChanges _changes = null!;

    public async Task InitializeAsync()
    {
        _database = SqlDatabase.Sqlite(Path.Combine(_folder, "record.db"));
        await _database.OpenAsync(CancellationToken.None);
        _channels = new SqlChannelStore(_database);
        _changes = new ChannelChanges(_channels, new FakeTimeProvider(Now));
    }

    public Task DisposeAsync()
    {
        _database.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_webhook_is_refused_with_the_setting_that_it_needs_and_email_is_not()
    {
        var (refused, answer) = await PutAsync("hook", """{"webhook":{"url":"https://example.com"}}""");

        Assert.Equal((409, "signing_key.missing"), (refused, (string?)answer["code"]));
        Assert.Contains("CronCloud__SigningKey", (string?)answer["detail"], StringComparison.Ordinal);
        Assert.Equal(201, (await PutAsync("mail", """{"email":{"to":["ops@example.com"]}}""")).Status);
        Assert.Null(await _channels.FindAsync("default", "hook", CancellationToken.None));
    }

    [Fact]
    public async Task A_webhook_that_there_is_from_before_cannot_be_tested()
    {
        await _channels.WriteAsync(new Channel { Tenant = "default", Id = "hook", Webhook = new WebhookChannel { Url = new Uri("https://example.com") }, Version = 1, CreatedAt = Now, UpdatedAt = Now }, CancellationToken.None);
        var http = Request("");

        var (status, answer) = await AnswerAsync(ChannelsApi.TestAsync("hook", http, _channels, [new UnconfiguredEmail()], new SqlNotificationStore(_database), _settings, new FakeTimeProvider(Now)), http);

        Assert.Equal((409, "signing_key.missing"), (status, (string?)answer["code"]));
    }

    [Fact]
    public async Task An_address_inside_is_refused_where_only_public_ones_are_allowed()
    {
        var (status, answer) = await PutAsync("hook", """{"webhook":{"url":"http://169.254.169.254/latest"}}""");

        Assert.Equal((400, "169.254.169.254 is not a public address"), (status, (string?)answer["errors"]!["/webhook/url"]![0]));
    }

    private Task<(int Status, JsonObject Answer)> PutAsync(string id, string body)
    {
        var http = Request(body);
        return AnswerAsync(ChannelsApi.PutAsync(id, http, _changes, _settings), http);
    }

    private static DefaultHttpContext Request(string body)
    {
        var http = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        http.Request.ContentType = "application/json";
        http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        http.Response.Body = new MemoryStream();
        return http;
    }

    private static async Task<(int Status, JsonObject Answer)> AnswerAsync(Task<IResult> answering, HttpContext http)
    {
        await (await answering).ExecuteAsync(http);
        http.Response.Body.Position = 0;
        return (http.Response.StatusCode, (JsonObject)(await JsonNode.ParseAsync(http.Response.Body))!);
    }
}
