using Akka.Actor;
using Akka.Hosting;
using CronCloud.Engine.Jobs;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>Changes of jobs, carried out by their actors, and what their replies mean to a caller.</summary>
internal sealed class JobChanges(IRequiredActor<JobsActor> jobs)
{
    /// <summary>Longer than the actor's own limit, so that its answer wins.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task<JobReply> AskAsync(IForJob message, CancellationToken cancellation)
    {
        try
        {
            return await jobs.ActorRef.Ask<JobReply>(message, Limit, cancellation);
        }
        catch (AskTimeoutException)
        {
            return new JobReply { Unavailable = "the job's actor does not answer" };
        }
    }

    /// <summary>What a reply that is no success means to a caller; null for success.</summary>
    public static IResult? RefusalOf(JobReply reply) => ProblemOf(reply)?.ToResult();

    public static Problem? ProblemOf(JobReply reply) => reply switch
    {
        { Unavailable: not null } => Problem.Unavailable("The change may or may not have happened; read the job, or send it again with the same Idempotency-Key."),
        { Refused: { } refused } => refused.Code switch
        {
            RefusalCode.NotFound => Problem.OfMissing("job.not_found", refused.Message),
            RefusalCode.AlreadyExists => new Problem(409, "job.already_exists", "The id is taken", refused.Message),
            RefusalCode.VersionConflict => new Problem(412, "job.version_conflict", "The job has changed", refused.Message),
            _ => throw new ArgumentOutOfRangeException(nameof(reply), refused.Code, "No such refusal."),
        },
        _ => null,
    };
}
