using System.Globalization;
using CronCloud.Core.Jobs;

namespace CronCloud.Core.Executions;

/// <summary>
/// The identity of an execution: the job's id and the due time, so that whoever computes it comes to the same one
/// (<c>nightly-report@20261201T030000Z</c>). What the schedule did not name carries a suffix (<c>…Z-m3f9a01c2</c>).
/// </summary>
public static class ExecutionId
{
    private const string Whole = "yyyyMMdd'T'HHmmss'Z'";
    private const string Fraction = "yyyyMMdd'T'HHmmss.fff'Z'";

    public static string Of(string jobId, DateTimeOffset scheduledAt)
    {
        var utc = scheduledAt.ToUniversalTime();
        return string.Create(CultureInfo.InvariantCulture, $"{jobId}@{utc.ToString(utc.Millisecond == 0 ? Whole : Fraction, CultureInfo.InvariantCulture)}");
    }

    /// <summary>An execution that a person or an event asked for; the nonce tells apart two of the same millisecond.</summary>
    public static string Manual(string jobId, DateTimeOffset scheduledAt, string nonce) => $"{Of(jobId, scheduledAt)}-m{nonce}";

    /// <summary>The due time that the id names; null when the text is no execution id.</summary>
    public static DateTimeOffset? ScheduledAt(string executionId)
    {
        var named = executionId.AsSpan(executionId.LastIndexOf('@') + 1);
        return DateTimeOffset.TryParseExact(named[..(named.IndexOf('Z') + 1)], [Whole, Fraction], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
    }

    /// <summary>The job that the execution belongs to; null when the text is no execution id.</summary>
    public static JobKey? Job(string tenant, string executionId)
    {
        var at = executionId.LastIndexOf('@');
        return at > 0 ? new JobKey(tenant, executionId[..at]) : null;
    }
}
