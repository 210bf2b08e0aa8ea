using CronCloud.Engine.Clocks;
using CronCloud.Engine.Due;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Alerts;

/// <summary>
/// Pings a URL of somebody outside while this node does its work: it scans partitions, its clock is right, and it has told the record lately how far it has come, which
/// it can only while the due index, the queue and the record are there. It says nothing while one of these does not hold: silence is the alarm.
/// </summary>
public sealed partial class HeartbeatPing(HeartbeatOptions options, PartitionOwner owner, ClockGuard clock, Checkpoints checkpoints, HttpMessageInvoker http, TimeProvider time, ILogger<HeartbeatPing> logger) : ILoop
{
    /// <summary>Checkpoints are written every two seconds; so long without one is trouble.</summary>
    public static readonly TimeSpan CheckpointAge = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>How soon to look again after a ping that was withheld or failed.</summary>
    private static readonly TimeSpan SoonInterval = TimeSpan.FromSeconds(5);

    private bool _isWithheld;

    public string Name => "heartbeat ping";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        if (Unfit() is { } reason)
        {
            // A node that stands by, and one that has just started, is not ill.
            if (!_isWithheld && owner.Held.Count > 0 && checkpoints.WrittenAt is not null)
                LogWithheld(reason);
            _isWithheld = true;
            return SoonInterval;
        }

        _isWithheld = false;
        return await PingAsync(cancellation) ? options.Interval : SoonInterval;
    }

    /// <summary>Why this node may not say that it works; null when it does.</summary>
    private string? Unfit()
    {
        if (owner.Held.Count == 0)
            return "it scans no partition";
        if (!clock.IsTrusted)
            return "its clock is wrong";
        return checkpoints.WrittenAt is { } written && time.GetUtcNow() - written <= CheckpointAge ? null : "no checkpoint was written lately";
    }

    private async Task<bool> PingAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, options.Url);
            request.Headers.TryAddWithoutValidation("User-Agent", "CronCloud/1.0");
            using var answer = await http.SendAsync(request, either.Token);
            if (answer.IsSuccessStatusCode)
                return true;
            LogFailed(options.Url.Host, $"answered {(int)answer.StatusCode}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            LogFailed(options.Url.Host, $"no answer within {AnswerLimit.TotalSeconds} s");
        }
        catch (HttpRequestException away)
        {
            LogFailed(options.Url.Host, away.Message);
        }

        return false;
    }

    [LoggerMessage(EventId = 1705, Level = LogLevel.Warning, Message = "The heartbeat is withheld, since this node is not well: {Reason}")]
    private partial void LogWithheld(string reason);

    /// <summary>The host alone: such URLs are secrets by their path.</summary>
    [LoggerMessage(EventId = 1706, Level = LogLevel.Warning, Message = "The heartbeat did not reach {Host}: {Reason}")]
    private partial void LogFailed(string host, string reason);
}
