using System.Text;
using CronCloud.Core.Alerts;

namespace CronCloud.Core.Tests.Alerts;

public sealed class AlertPayloadTests
{
    private static readonly DateTimeOffset At = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_webhook_gets_all_that_is_known()
    {
        var item = new AlertItem { IncidentId = "i/1", JobId = "a", Summary = "late", Since = At.AddMinutes(-1), Until = At, ExecutionId = "a@x", LastError = "answered 500\nno" };
        var message = new AlertMessage { Id = "m1", Tenant = "t", Kind = AlertKind.Recovered, At = At, Items = [item], Omitted = 3, Destination = "api.example.com" };

        Assert.Equal(
            """{"type":"incident.recovered","id":"m1","at":"2026-12-01T03:00:00Z","tenant":"t","destination":"api.example.com","incidents":[{"id":"i/1","jobId":"a","summary":"late","since":"2026-12-01T02:59:00Z","until":"2026-12-01T03:00:00Z","executionId":"a@x","lastError":"answered 500\nno","links":{"incident":"https://cron.example/v1/incidents/i%2F1","executions":"https://cron.example/v1/jobs/a/executions","job":"https://cron.example/v1/jobs/a"}}],"omitted":3}""",
            AlertPayload.Of(message, new AlertLinks(new Uri("https://cron.example"))).GetRawText());
    }

    [Theory]
    [InlineData(AlertKind.Opened, "incident.opened")]
    [InlineData(AlertKind.Reminder, "incident.reminder")]
    [InlineData(AlertKind.Recovered, "incident.recovered")]
    [InlineData(AlertKind.Test, "test")]
    public void What_there_is_none_of_is_left_out(AlertKind kind, string type) => Assert.Equal(
        $$"""{"type":"{{type}}","id":"m1","at":"2026-12-01T03:00:00Z","tenant":"t","incidents":[],"omitted":0}""",
        AlertPayload.Of(new AlertMessage { Id = "m1", Tenant = "t", Kind = kind, At = At, Items = [] }, new AlertLinks(null)).GetRawText());

    [Fact]
    public void A_body_stays_small_whatever_the_message_holds()
    {
        var item = new AlertItem { IncidentId = "i", JobId = "a", Summary = new string('€', 100_000), Since = At, LastError = new string('€', 100_000) };
        var payload = AlertPayload.Of(new AlertMessage { Id = "m1", Tenant = "t", Kind = AlertKind.Opened, At = At, Items = [.. Enumerable.Repeat(item, 500)], Omitted = 1 }, new AlertLinks(null));

        Assert.True(Encoding.UTF8.GetByteCount(payload.GetRawText()) < 256 * 1024);
        Assert.Equal((50, 451), (payload.GetProperty("incidents").GetArrayLength(), payload.GetProperty("omitted").GetInt32()));
    }
}
