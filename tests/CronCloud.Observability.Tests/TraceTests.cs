using System.Globalization;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>One trace from whoever asked, or the due time, to the webhook and the row in history; as an OTLP receiver, the target and the API see it.</summary>
public sealed class TraceTests : IAsyncLifetime
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Caller = "00f067aa0ba902b7";

    private OtlpReceiver _receiver = null!;
    private TwinInstallation _twins = null!;

    public async Task InitializeAsync()
    {
        _receiver = await OtlpReceiver.StartAsync();
        _twins = await TwinInstallation.StartAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", _receiver.Url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_BSP_SCHEDULE_DELAY", "200"));
    }

    public async Task DisposeAsync()
    {
        await _twins.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task What_a_caller_asks_for_goes_on_with_its_trace()
    {
        await _twins.MakeAsync("asked", new { cron = "0 0 1 1 *" });

        var execution = await _twins.EndedAsync(await _twins.TriggerAsync("asked", $"00-{Trace}-{Caller}-01"));

        Assert.Equal(Trace, (string?)execution["traceId"]);
        var spans = await _receiver.UntilAsync(Trace, "POST /v1/jobs/{id}/trigger", "dispatch", "attempt", "settle", "record");
        Assert.Equal(Caller, spans["POST /v1/jobs/{id}/trigger"].ParentId);
        Assert.Equal(spans["POST /v1/jobs/{id}/trigger"].SpanId, spans["dispatch"].ParentId);
        Assert.All(["attempt", "settle", "record"], name => Assert.Equal(spans["dispatch"].SpanId, spans[name].ParentId));
        Assert.Equal($"00-{Trace}-{spans["attempt"].SpanId}-01", TraceParentOf("asked"));
    }

    [Fact]
    public async Task A_trace_that_the_caller_does_not_sample_has_no_spans_and_the_target_is_told()
    {
        const string unsampled = "11111111111111111111111111111111";
        await _twins.MakeAsync("unsampled", new { cron = "0 0 1 1 *" });
        await _twins.MakeAsync("sampled", new { cron = "0 0 1 1 *" });

        var execution = await _twins.EndedAsync(await _twins.TriggerAsync("unsampled", $"00-{unsampled}-{Caller}-00"));
        var later = await _twins.EndedAsync(await _twins.TriggerAsync("sampled"));

        Assert.Equal(unsampled, (string?)execution["traceId"]);
        Assert.Matches($"^00-{unsampled}-[0-9a-f]{{16}}-00$", TraceParentOf("unsampled"));
        await _receiver.UntilAsync((string)later["traceId"]!, "dispatch", "attempt", "settle", "record");
        await Assert.ThrowsAsync<TimeoutException>(() => _receiver.UntilAsync(unsampled, "dispatch").WaitAsync(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task What_a_schedule_names_begins_its_trace_at_the_due_time()
    {
        var due = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 2);
        await _twins.MakeAsync("due", new { at = due.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) });

        var execution = await _twins.EndedAsync($"due@{due.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}");

        var spans = await _receiver.UntilAsync((string)execution["traceId"]!, "dispatch", "attempt", "settle", "record");
        Assert.Equal(["attempt", "dispatch", "record", "settle"], spans.Keys.Order());
        Assert.Equal(("", due), (spans["dispatch"].ParentId, spans["dispatch"].Start));
        Assert.All(["attempt", "settle", "record"], name => Assert.Equal(spans["dispatch"].SpanId, spans[name].ParentId));
        Assert.Equal(spans["attempt"].SpanId, TraceParentOf("due").Split('-')[2]);
        Assert.True(spans.Values.All(span => span.End >= span.Start && span.Start >= due), string.Join(", ", spans.Values));
    }

    private string TraceParentOf(string job) => _twins.Sink.Received.Single(webhook => webhook.Path.EndsWith($"/{job}", StringComparison.Ordinal)).Headers["traceparent"];
}
