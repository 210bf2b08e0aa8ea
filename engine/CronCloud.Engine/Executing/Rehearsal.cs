using System.Net;
using System.Net.Sockets;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Executing;

/// <summary>
/// Before a node takes partitions and executions over, it plans an attempt, makes it and reads its outcome, and runs the scripts of the index: what runs for the first time takes long, and what
/// is due would wait for it while others could start it. It calls nobody but itself, changes nothing in the index, and is not counted.
/// </summary>
public sealed partial class Rehearsal(IDueIndex index, TimeProvider time, ILogger<Rehearsal> logger)
{
    /// <summary>A node that cannot rehearse starts all the same.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly ReadOnlyMemory<byte> Ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();

    /// <summary>Answers the outcome of the attempt that was rehearsed; null when it could not be, or did not succeed.</summary>
    public async Task<Outcome?> RunAsync()
    {
        using var limit = new CancellationTokenSource(Limit, time);
        try
        {
            await ReadIndexAsync(limit.Token);
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var answering = AnswerAsync(listener, limit.Token);
            var outcome = await AttemptAsync(Planned($"http://{listener.LocalEndpoint}/"), limit.Token);
            if (outcome.Result != AttemptResult.Succeeded)
                throw new IOException(outcome.Error ?? $"it answered {outcome.StatusCode}");
            await answering;
            return outcome;
        }
        catch (Exception away)
        {
            LogNotRehearsed(away.GetType().Name, away.Message);
            return null;
        }
    }

    /// <summary>Nothing was due by then, and nothing is moved on or landed.</summary>
    private async Task ReadIndexAsync(CancellationToken cancellation)
    {
        var longAgo = DateTimeOffset.UnixEpoch;
        await index.ScanAsync(0, new DueQuery { Now = longAgo, Limit = 1, OverdueBefore = longAgo, LeftOverLimit = 0, Reached = longAgo }, cancellation);
        await index.AdvanceAsync(0, [], longAgo, cancellation);
        await index.LandAsync(0, [], longAgo, cancellation);
    }

    private Execution Planned(string url)
    {
        var now = time.GetUtcNow();
        var job = new Job
        {
            Key = new JobKey("rehearsal", "rehearsal"),
            Definition = new JobDefinition { Schedule = new ScheduleSpec { Every = TimeSpan.FromSeconds(1) }, Target = new Target { Http = new HttpTarget { Url = url } } },
            State = JobState.Active,
            Version = 1,
            CreatedAt = now,
            UpdatedAt = now,
        };
        var entry = DueItem.EntryOf(job, now, now);
        return Execution.FromJson(DuePlan.Of(entry, entry.Due, null, null, TraceParent.New).Start!.ToJson());
    }

    private async Task<Outcome> AttemptAsync(Execution execution, CancellationToken cancellation)
    {
        using var caller = new HttpTargetCaller(new TargetOptions { AllowPrivateNetworks = true }, time);
        var startedAt = time.GetUtcNow();
        var answer = await caller.CallAsync(execution, cancellation);
        var outcome = new Outcome { Execution = execution, Result = answer.Result, StatusCode = answer.StatusCode, Error = answer.Error, Output = answer.Output, StartedAt = startedAt, DurationMs = 0, Node = "" };
        outcome = Outcome.FromJson(outcome.ToJson());
        Settlement.Of(outcome);
        return outcome;
    }

    /// <summary>One request, read to its end: a connection that is closed before is reset.</summary>
    private static async Task AnswerAsync(TcpListener listener, CancellationToken cancellation)
    {
        using var client = await listener.AcceptTcpClientAsync(cancellation);
        var stream = client.GetStream();
        var request = new byte[4096];
        var read = await stream.ReadAsync(request, cancellation);
        await stream.WriteAsync(Ok, cancellation);
        while (read > 0)
            read = await stream.ReadAsync(request, cancellation);
    }

    [LoggerMessage(EventId = 1208, Level = LogLevel.Warning, Message = "This node could not rehearse an attempt, and its first ones may start late: {Kind}: {Reason}")]
    private partial void LogNotRehearsed(string kind, string reason);
}
