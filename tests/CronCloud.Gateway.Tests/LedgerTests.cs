using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CronCloud.Backends.History;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.TestServers;
using Microsoft.Data.Sqlite;

namespace CronCloud.Gateway.Tests;

/// <summary>The whole product on twins of its own, whose files are set back by two hours between two starts, so that what ran is over and its hour is closed.</summary>
public sealed class LedgerTests : IAsyncLifetime
{
    private const int Shift = 2 * 3_600;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-ledger-").FullName;
    private WebhookSink _sink = null!;

    private string HistoryFile => Path.Combine(_folder, "history.db");

    public async Task InitializeAsync() => _sink = await WebhookSink.StartAsync();

    public async Task DisposeAsync()
    {
        await _sink.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_row_that_is_gone_from_history_is_named_with_its_due_time_and_nothing_else_is()
    {
        DateTimeOffset lost;
        await using (var first = await StartAsync())
        {
            foreach (var job in new[] { "sound", "robbed" })
                await SendAsync(first, HttpMethod.Put, $"/v1/jobs/{job}", new { schedule = new { cron = "* * * * * *" }, target = new { http = new { url = $"{_sink.Url}/ok/{job}" } } });
            await _sink.UntilAsync(12, _ => true, Patience);
            foreach (var job in new[] { "sound", "robbed" })
                await SendAsync(first, HttpMethod.Post, $"/v1/jobs/{job}/pause");
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
            Assert.Equal(0, await first.StopAsync());
        }

        lost = await SetBackAsync();

        await using var second = await StartAsync();
        var ledger = await ClosedAsync(second, lost);
        var robbed = Assert.Single(ledger["jobs"]!.AsArray())!;
        Assert.Equal(("robbed", 1, 0), ((string?)robbed["jobId"], (int)robbed["missing"]!, (int)robbed["unexpected"]!));
        Assert.Equal([lost], robbed["firstMissing"]!.AsArray().Select(due => (DateTimeOffset)due!));
        Assert.Equal((int)robbed["expected"]! - 1, (int)robbed["recorded"]!);
        Assert.Equal((1, 1, 0), ((int)ledger["difference"]!, (int)ledger["missing"]!, (int)ledger["unexpected"]!));
        var (expected, succeeded) = ((int)ledger["expected"]!, (int)ledger["succeeded"]!);
        Assert.Equal((expected - 1, expected - 1, expected - 1, 0, 0), (succeeded, (int)ledger["started"]!, (int)ledger["dispatched"]!, (int)ledger["running"]!, (int)ledger["missed"]!));
        Assert.Equal(_sink.Received.Count - 1, succeeded);
        Assert.InRange((int)ledger["worstLatenessMs"]!, 0, 5_000);
    }

    [Theory]
    [InlineData("2026-13-01")]
    [InlineData("yesterday")]
    [InlineData("2099-01-01")]
    public async Task A_day_that_is_none_or_lies_ahead_is_refused(string day)
    {
        await using var gateway = await StartAsync();

        using var answer = await gateway.Http.GetAsync(new Uri($"/v1/ledger?day={day}", UriKind.Relative));

        var reply = await Reply.OfAsync(answer);
        reply.IsProblem(400, "request.invalid");
        Assert.Equal(["?day"], reply.Pointers());
        using var older = await gateway.Http.GetAsync(new Uri("/v1/ledger?day=2020-01-01", UriKind.Relative));
        (await Reply.OfAsync(older)).IsProblem(404, "ledger.not_found");
    }

    [Fact]
    public async Task A_tenant_without_jobs_has_a_ledger_of_nothing()
    {
        await using var gateway = await StartAsync();

        var ledger = (await gateway.Http.GetFromJsonAsync<JsonObject>(new Uri("/v1/ledger", UriKind.Relative)))!;

        Assert.Equal((0, 0, 0), ((int)ledger["expected"]!, (int)ledger["difference"]!, ledger["jobs"]!.AsArray().Count));
        Assert.True(ledger.ContainsKey("worstLatenessMs"));
        Assert.Null(ledger["worstLatenessMs"]);
    }

    /// <summary>Answers the due time of the row that is left out.</summary>
    private async Task<DateTimeOffset> SetBackAsync()
    {
        await RunAsync(Path.Combine(_folder, "record.db"), $"UPDATE revisions SET at = at - {Shift}000; UPDATE jobs SET created_at = created_at - {Shift}000, updated_at = updated_at - {Shift}000; DELETE FROM ledger_hours");
        using var history = new SqliteHistory(HistoryFile, TimeProvider.System);
        await history.OpenAsync(None);
        var executions = (await history.ListAsync(new HistoryQuery { Tenant = "default", Limit = 500 }, None)).Items;
        await RunAsync(HistoryFile, "DELETE FROM attempts");
        var rows = executions.SelectMany(execution => execution.Attempts).Select(SetBack).ToList();
        var lost = rows.Where(row => row.JobId == "robbed").OrderBy(row => row.ScheduledAt).Skip(2).First();
        rows.Remove(lost);
        await history.WriteAsync(rows, None);
        return lost.ScheduledAt;
    }

    private static HistoryRow SetBack(HistoryRow row)
    {
        var due = row.ScheduledAt.AddSeconds(-Shift);
        return row with { ScheduledAt = due, ExecutionId = ExecutionId.Of(row.JobId, due), DispatchedAt = row.DispatchedAt?.AddSeconds(-Shift), StartedAt = row.StartedAt.AddSeconds(-Shift) };
    }

    private static async Task RunAsync(string file, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={file}");
        await connection.OpenAsync();
        await using var command = new SqliteCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<JsonObject> ClosedAsync(CronCloudProcess gateway, DateTimeOffset due)
    {
        var path = new Uri(string.Create(CultureInfo.InvariantCulture, $"/v1/ledger?day={due:yyyy-MM-dd}"), UriKind.Relative);
        for (var tries = 0; tries < 300; tries++)
        {
            using var answer = await gateway.Http.GetAsync(path);
            if (answer.IsSuccessStatusCode && await answer.Content.ReadFromJsonAsync<JsonObject>() is { } ledger && (DateTimeOffset)ledger["closedTo"]! > due)
                return ledger;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }

        throw new TimeoutException($"The hour of {due:u} is not closed. It printed:\n{gateway.Output}");
    }

    private static async Task SendAsync(CronCloudProcess gateway, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await gateway.Http.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<CronCloudProcess> StartAsync()
    {
        var process = await CronCloudProcess.StartGatewayAsync(FreePort.Next(), new Dictionary<string, string> { ["CronCloud__DataDirectory"] = _folder, ["CronCloud__Targets__AllowPrivateNetworks"] = "true" });
        await process.UntilReadyAsync();
        return process;
    }
}
