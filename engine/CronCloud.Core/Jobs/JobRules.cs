using System.Text;
using System.Text.Json;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Jobs;

/// <summary>What makes a definition acceptable. Each fault is told by the JSON pointer of its field.</summary>
public static class JobRules
{
    public const int MaxIdLength = 128;

    /// <summary>Ids that begin so are CronCloud's own, such as those of channels.</summary>
    public const string ReservedPrefix = "croncloud.";

    private const int MaxUrlLength = 2_048;
    private const int MaxBodyBytes = 256 * 1024;
    private const int MaxHeaders = 20;
    private const int MaxHeaderBytes = 4 * 1024;

    private static readonly string[] ReservedHeaders =
        ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive", "proxy-connection", "expect", "idempotency-key", "traceparent", "tracestate"];

    public static bool IsId(string id) =>
        id.Length is > 0 and <= MaxIdLength && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>Whether no user's job may have the id. In whatever case: ids that differ by nothing else are mistaken for each other.</summary>
    public static bool IsReserved(string id) => id.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a webhook may have the URL: absolute, http or https.</summary>
    public static bool IsUrl(string text, int maxLength) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && text.Length <= maxLength && !text.Any(char.IsControl);

    /// <summary>Whether a body or payload may be sent.</summary>
    public static bool IsBodySize(JsonElement? body) => (body is { } json ? Encoding.UTF8.GetByteCount(json.GetRawText()) : 0) <= MaxBodyBytes;

    public static IReadOnlyList<Fault> Check(JobDefinition job, JobKey key)
    {
        var faults = new List<Fault>();
        void Require(bool holds, string pointer, string message)
        {
            if (!holds)
                faults.Add(new Fault(pointer, message));
        }

        Require(!IsReserved(key.Id), "/id", $"must not begin with {ReservedPrefix}, which CronCloud keeps for itself");
        Require(job.Description is not { Length: > 1000 }, "/description", "must be at most 1,000 characters");
        Require(job.Description?.Contains('\0', StringComparison.Ordinal) != true, "/description", "must not contain NUL");
        Require(job.Tags.Count <= 20, "/tags", "must be at most 20 tags");
        foreach (var (name, value) in job.Tags)
        {
            Require(IsTag(name, allowColon: false), $"/tags/{Pointer(name)}", "the name must be 1 to 64 printable characters without ':'");
            Require(value is not null && (value.Length == 0 || IsTag(value, allowColon: true)), $"/tags/{Pointer(name)}", "must be at most 64 printable characters");
        }

        Schedule.Parse(job.Schedule, key.ToString(), out var errors);
        faults.AddRange(errors.Select(e => new Fault("/schedule" + e.Field, e.Message)));

        Require(job.Target.Http is null != job.Target.Nats is null, "/target", "must have exactly one of http and nats");
        if (job.Target.Http is { } http)
            CheckHttp(http, Require);
        if (job.Target.Nats is { } nats)
            CheckNats(nats, Require);

        Require(job.Retry.MaxRetries is >= 0 and <= 5, "/retry/maxRetries", "must be 0 to 5");
        Require(IsBetween(job.Retry.InitialDelay, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), "/retry/initialDelay", "must be 1s to 24h");
        Require(job.Retry.Multiplier is >= 1 and <= 10, "/retry/multiplier", "must be 1 to 10");
        Require(IsBetween(job.Retry.MaxDelay, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), "/retry/maxDelay", "must be 1s to 24h");
        Require(job.Retry.MaxDelay >= job.Retry.InitialDelay, "/retry/maxDelay", "must not be below initialDelay");
        Require(IsBetween(job.CatchUp.Window, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)), "/catchUp/window", "must be 1s to 30d");
        Require(job.Alerts.ConsecutiveFailures is >= 1 and <= 1000, "/alerts/consecutiveFailures", "must be 1 to 1000");
        Require(IsBetween(job.Alerts.LateAfter, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), "/alerts/lateAfter", "must be 1s to 24h");
        Require(job.Alerts.SlowAfter is not { } slow || IsBetween(slow, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), "/alerts/slowAfter", "must be 1s to 24h");
        Require(IsBetween(job.Alerts.RemindEvery, TimeSpan.FromMinutes(5), TimeSpan.FromDays(7)), "/alerts/remindEvery", "must be 5m to 7d");
        Require(job.Alerts.Channels.Count <= 10, "/alerts/channels", "must be at most 10 channels");
        for (var i = 0; i < job.Alerts.Channels.Count; i++)
            Require(job.Alerts.Channels[i] is { } channel && IsId(channel), $"/alerts/channels/{i}", "must be 1 to 128 of a-z A-Z 0-9 . _ -");
        return faults;
    }

    private static void CheckHttp(HttpTarget http, Action<bool, string, string> require)
    {
        const string at = "/target/http";
        var isUrl = Uri.TryCreate(http.Url, UriKind.Absolute, out var url);
        require(IsUrl(http.Url, MaxUrlLength), $"{at}/url", "must be an absolute http or https URL of at most 2,048 characters");
        require(!isUrl || url!.UserInfo.Length == 0, $"{at}/url", "must not carry user information; send an Authorization header");
        require(http.Method is "GET" or "POST" or "PUT" or "PATCH" or "DELETE" or "HEAD", $"{at}/method", "must be GET, POST, PUT, PATCH, DELETE or HEAD");
        require(http.Method is not ("GET" or "HEAD") || http.Body is null, $"{at}/body", $"must be left out with {http.Method}");
        require(IsBodySize(http.Body), $"{at}/body", "must be at most 256 KB");
        require(IsBetween(http.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(15)), $"{at}/timeout", "must be 1s to 15m");
        require(SuccessRule.Parse(http.Success) is not null, $"{at}/success", "must be statuses and ranges such as 200-299 or 200,204");
        CheckHeaders(http.Headers, at, require);
    }

    private static void CheckNats(NatsTarget nats, Action<bool, string, string> require)
    {
        const string at = "/target/nats";
        require(IsSubject(nats.Subject), $"{at}/subject", "must be tokens of a-z A-Z 0-9 _ - joined by single dots, at most 255 characters; the first one not croncloud or cc, nor beginning with _ or $");
        require(IsBodySize(nats.Payload), $"{at}/payload", "must be at most 256 KB");
        CheckHeaders(nats.Headers, at, require);
    }

    private static void CheckHeaders(IReadOnlyDictionary<string, string> headers, string at, Action<bool, string, string> require)
    {
        require(headers.Count <= MaxHeaders, $"{at}/headers", "must be at most 20 headers");
        require(headers.Sum(h => Encoding.UTF8.GetByteCount(h.Key) + Encoding.UTF8.GetByteCount(h.Value ?? "")) <= MaxHeaderBytes, $"{at}/headers", "must be at most 4 KB in all");
        require(headers.Keys.Distinct(StringComparer.OrdinalIgnoreCase).Count() == headers.Count, $"{at}/headers", "must not name a header twice");
        foreach (var (name, value) in headers)
        {
            var pointer = $"{at}/headers/{Pointer(name)}";
            require(name.Length > 0 && name.All(IsTokenChar), pointer, "the name must be an HTTP token");
            require(value is not null && value.All(c => c is '\t' or (>= ' ' and <= '~')), pointer, "the value must be printable ASCII");
            require(!IsReservedHeader(name), pointer, "is set by CronCloud or the protocol, not by a job");
        }
    }

    private static bool IsReservedHeader(string name) =>
        ReservedHeaders.Contains(name, StringComparer.OrdinalIgnoreCase)
        || name.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("croncloud-", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("nats-", StringComparison.OrdinalIgnoreCase);

    private static bool IsSubject(string subject) =>
        subject.Length is > 0 and <= 255
        && subject.Split('.').All(token => token.Length > 0 && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        && !IsOurs(subject.Split('.')[0]);

    /// <summary>What we and the server say to ourselves: a job that could publish there could forge executions and outcomes, of other tenants too.</summary>
    private static bool IsOurs(string firstToken) => firstToken[0] == '_' || firstToken.ToLowerInvariant() is "croncloud" or "cc";

    private static bool IsTokenChar(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);

    private static bool IsTag(string text, bool allowColon) =>
        text.Length is > 0 and <= 64 && text.All(c => !char.IsControl(c) && (allowColon || c != ':'));

    private static bool IsBetween(TimeSpan value, TimeSpan least, TimeSpan most) => least <= value && value <= most;

    private static string Pointer(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}

/// <summary>A fault in what a user sent: where (JSON pointer) and what must hold.</summary>
public sealed record Fault(string Pointer, string Message);
