using System.Globalization;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>OpenTelemetry's sampler: whoever begins a trace decides, and all others go by it.</summary>
public sealed class SamplingTests : IAsyncLifetime
{
    private const string Trace = "22222222222222222222222222222222";

    private OtlpReceiver _receiver = null!;
    private TwinInstallation _twins = null!;

    public async Task InitializeAsync()
    {
        _receiver = await OtlpReceiver.StartAsync();
        _twins = await TwinInstallation.StartAsync(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", _receiver.Url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_BSP_SCHEDULE_DELAY", "200"), ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0"));
    }

    public async Task DisposeAsync()
    {
        await _twins.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task At_a_ratio_of_0_what_a_schedule_names_has_no_spans_and_what_a_caller_samples_has()
    {
        var due = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 2);
        await _twins.MakeAsync("due", new { at = due.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) });
        await _twins.MakeAsync("asked", new { cron = "0 0 1 1 *" });

        var named = await _twins.EndedAsync($"due@{due.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}");
        await _twins.EndedAsync(await _twins.TriggerAsync("asked", $"00-{Trace}-00f067aa0ba902b7-01"));

        await _receiver.UntilAsync(Trace, "dispatch", "attempt", "settle", "record");
        var trace = (string)named["traceId"]!;
        Assert.Matches($"^00-{trace}-[0-9a-f]{{16}}-00$", TraceParentOf("due"));
        Assert.EndsWith("-01", TraceParentOf("asked"), StringComparison.Ordinal);
        await Assert.ThrowsAsync<TimeoutException>(() => _receiver.UntilAsync(trace, "dispatch").WaitAsync(TimeSpan.FromSeconds(1)));
    }

    private string TraceParentOf(string job) => _twins.Sink.Received.Single(webhook => webhook.Path.EndsWith($"/{job}", StringComparison.Ordinal)).Headers["traceparent"];
}
