using Akka.Actor;
using CronCloud.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Jobs;

/// <summary>One job's changes, one after the other. It keeps nothing: the record does. It leaves memory when the job is left alone.</summary>
public sealed partial class JobActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan RearmPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IdleLife = TimeSpan.FromMinutes(1);

    private readonly JobBook _book;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public JobActor(JobKey key, JobBook book, TimeProvider time, ILoggerFactory loggers)
    {
        _book = book;
        _time = time;
        _logger = loggers.CreateLogger<JobActor>();
        SetReceiveTimeout(IdleLife);
        ReceiveAsync<ChangeJob>(change => AnswerAsync(change, cancellation => _book.ChangeAsync(change, cancellation)));
        ReceiveAsync<TriggerJob>(trigger => AnswerAsync(trigger, cancellation => _book.TriggerAsync(trigger, cancellation)));
        ReceiveAsync<Rearm>(RearmAsync);
        Receive<ReceiveTimeout>(_ => Context.Parent.Tell(new JobsActor.Idle(key)));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(JobKey key, JobBook book, TimeProvider time, ILoggerFactory loggers) => Akka.Actor.Props.Create(() => new JobActor(key, book, time, loggers));

    private async Task AnswerAsync(IForJob message, Func<CancellationToken, Task<JobReply>> carryOut)
    {
        var asker = Sender;
        asker.Tell(await TryAsync(message, carryOut));
    }

    /// <summary>The record may have the change when the due index could not be reached: the index is armed from the record until it is.</summary>
    private async Task<JobReply> TryAsync(IForJob message, Func<CancellationToken, Task<JobReply>> carryOut)
    {
        using var limit = new CancellationTokenSource(Limit, _time);
        try
        {
            return await carryOut(limit.Token);
        }
        catch (Exception away)
        {
            LogAway(message.Key, away.GetType().Name, away.Message);
            if (message is ChangeJob)
                Timers.StartSingleTimer(nameof(Rearm), new Rearm(message.Key), RearmPause);
            return new JobReply { Unavailable = away.Message };
        }
    }

    private async Task RearmAsync(Rearm rearm)
    {
        using var limit = new CancellationTokenSource(Limit, _time);
        try
        {
            await _book.RearmAsync(rearm.Key, limit.Token);
        }
        catch (Exception away)
        {
            LogAway(rearm.Key, away.GetType().Name, away.Message);
            Timers.StartSingleTimer(nameof(Rearm), rearm, RearmPause);
        }
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Warning, Message = "A change of job {Job} met a server that is away: {Kind}: {Reason}")]
    private partial void LogAway(JobKey job, string kind, string reason);

    private sealed record Rearm(JobKey Key);
}
