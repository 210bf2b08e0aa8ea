using Akka.Actor;
using CronCloud.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Jobs;

/// <summary>
/// The actors of those jobs that are being changed through this process. Another process may have one of the same job: the record's versions decide
/// between them, so no node has to be asked, and none that dies keeps a job from being changed.
/// </summary>
public sealed class JobsActor : ReceiveActor
{
    private readonly Dictionary<JobKey, IActorRef> _jobs = [];

    public JobsActor(JobBook book, TimeProvider time, ILoggerFactory loggers)
    {
        Receive<IForJob>(message => ActorOf(message.Key, book, time, loggers).Forward(message));
        Receive<Idle>(OnIdle);
    }

    public static Props Props(JobBook book, TimeProvider time, ILoggerFactory loggers) => Akka.Actor.Props.Create(() => new JobsActor(book, time, loggers));

    private IActorRef ActorOf(JobKey key, JobBook book, TimeProvider time, ILoggerFactory loggers)
    {
        if (!_jobs.TryGetValue(key, out var job))
            _jobs[key] = job = Context.ActorOf(JobActor.Props(key, book, time, loggers));
        return job;
    }

    /// <summary>What was sent to it before is done first; what comes after goes to a new one.</summary>
    private void OnIdle(Idle idle)
    {
        if (_jobs.Remove(idle.Key, out var job))
            job.Tell(PoisonPill.Instance);
    }

    /// <summary>A job's actor was left alone.</summary>
    internal sealed record Idle(JobKey Key);
}
