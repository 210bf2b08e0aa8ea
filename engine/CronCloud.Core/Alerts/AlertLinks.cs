namespace CronCloud.Core.Alerts;

/// <summary>Where the API shows what a message tells of; nowhere (null) while nobody said under which address people reach it.</summary>
public sealed class AlertLinks(Uri? publicUrl)
{
    private readonly string? _api = publicUrl is null ? null : $"{publicUrl.AbsoluteUri.TrimEnd('/')}/v1";

    public string? Incident(string id) => _api is null ? null : $"{_api}/incidents/{Uri.EscapeDataString(id)}";

    public string? Job(string id) => _api is null ? null : $"{_api}/jobs/{Uri.EscapeDataString(id)}";

    public string? Executions(string jobId) => Job(jobId) is { } job ? $"{job}/executions" : null;
}
