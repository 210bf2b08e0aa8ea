using System.Globalization;
using CronCloud.Engine.Telemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CronCloud.Node.Hosting;

/// <summary>
/// Metrics for Prometheus at <see cref="MetricsPath"/>, always. Traces go to where OpenTelemetry's standard variables say (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and its kin); without them nobody
/// listens to spans, and they cost nothing.
/// </summary>
public static class Telemetry
{
    public const string MetricsPath = "/metrics";

    private static readonly string[] Endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    internal static void AddTelemetry(this IServiceCollection services, NodeSettings settings, IConfiguration configuration)
    {
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(configuration["OTEL_SERVICE_NAME"] ?? "croncloud", serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3), serviceInstanceId: settings.NodeName))
            .WithMetrics(metrics => metrics
                .AddMeter("CronCloud.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddPrometheusExporter());
        if (!Endpoints.Any(variable => configuration[variable] is { Length: > 0 }))
            return;
        var sampler = SamplerOf(configuration["OTEL_TRACES_SAMPLER"], configuration["OTEL_TRACES_SAMPLER_ARG"]);
        telemetry.WithTracing(traces => traces
            .AddSource(ExecutionTraces.SourceName)
            .AddAspNetCoreInstrumentation(requests => requests.Filter = http => !IsProbe(http.Request.Path))
            .SetSampler(sampler)
            .AddOtlpExporter());
    }

    internal static void MapMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint(MetricsPath).DisableHttpMetrics();

    /// <summary>
    /// The standard variable's values. Whether a trace is sampled is decided where it begins and told by its flag. An execution's trace has its id from the plan, so that its first span looks to
    /// the library as if there were one above it, in this process: that is decided like a beginning too.
    /// </summary>
    private static ParentBasedSampler SamplerOf(string? name, string? argument)
    {
        Sampler root = (name ?? "always_on").Replace("parentbased_", "", StringComparison.Ordinal) switch
        {
            "always_on" => new AlwaysOnSampler(),
            "always_off" => new AlwaysOffSampler(),
            "traceidratio" => new TraceIdRatioBasedSampler(RatioOf(argument)),
            _ => throw new SettingException($"OTEL_TRACES_SAMPLER: '{name}' is not known. There are: always_on, always_off, traceidratio, and each with parentbased_ before it."),
        };
        return new ParentBasedSampler(root, localParentSampled: root);
    }

    private static double RatioOf(string? argument) =>
        double.TryParse(argument ?? "1", NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1
            ? ratio
            : throw new SettingException($"OTEL_TRACES_SAMPLER_ARG: '{argument}' is not a number from 0 to 1.");

    private static bool IsProbe(PathString path) => path.StartsWithSegments("/health", StringComparison.Ordinal) || path == MetricsPath;
}
