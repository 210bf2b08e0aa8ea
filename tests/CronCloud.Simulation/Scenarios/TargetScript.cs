using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;

namespace CronCloud.Simulation.Scenarios;

/// <summary>
/// What targets answer, and after how long. The path of the URL names a temper; the rest follows from the seed, the execution and the attempt, so that a
/// repeated attempt gets the same answer and the checker knows which attempts there must be.
/// </summary>
internal static class TargetScript
{
    public static readonly IReadOnlyList<string> Tempers = ["calm", "calm", "slow", "moody", "moody", "poison", "refusing"];

    /// <summary>Kills whoever calls it.</summary>
    public const string DeadlyPath = "/deadly";

    public static Reply Of(int seed, Execution execution) => Of(seed, execution.Target, execution.ExecutionId, execution.Attempt);

    public static Reply Of(int seed, Target target, string executionId, int attempt)
    {
        var chance = StableHash.Of($"{seed}/{executionId}#{attempt}");
        var quick = TimeSpan.FromMilliseconds(5 + (chance % 300));
        return new Uri(target.Http!.Url).AbsolutePath switch
        {
            "/calm" => new Reply(new Answer(AttemptResult.Succeeded) { StatusCode = 200 }, quick),
            "/slow" => new Reply(new Answer(AttemptResult.Succeeded) { StatusCode = 200 }, target.Timeout * (0.2 + (0.75 * (chance % 1000 / 1000.0)))),
            "/poison" => new Reply(new Answer(AttemptResult.Failed) { StatusCode = 500, Error = "poison" }, quick),
            DeadlyPath => Reply.Crash,
            "/refusing" => new Reply(new Answer(AttemptResult.Failed) { StatusCode = 404, Error = "no such thing" }, quick),
            _ => ((chance >> 20) % 8) switch
            {
                0 => new Reply(new Answer(AttemptResult.Failed) { StatusCode = 503, Error = "busy" }, quick),
                1 => new Reply(new Answer(AttemptResult.TimedOut) { Error = "no answer in time" }, target.Timeout),
                2 => new Reply(new Answer(AttemptResult.Refused) { Error = "the connection was refused" }, quick),
                3 => new Reply(new Answer(AttemptResult.Failed) { StatusCode = 429, Error = "too many", RetryAfter = TimeSpan.FromSeconds(3) }, quick),
                _ => new Reply(new Answer(AttemptResult.Succeeded) { StatusCode = 204 }, quick),
            },
        };
    }
}

internal sealed record Reply(Answer Answer, TimeSpan Duration)
{
    /// <summary>No answer at all: the caller dies of the call.</summary>
    public static readonly Reply Crash = new(Answer.Failed("worker-crash"), TimeSpan.Zero) { Kills = true };

    /// <summary>No call: the worker had no place for it.</summary>
    public static readonly Reply PutOff = new(new Answer(AttemptResult.PutOff), TimeSpan.Zero);

    /// <summary>No call: it was redriven, and then its job's own policy or end did not let it start.</summary>
    public static readonly Reply NotStarted = new(new Answer(AttemptResult.Skipped), TimeSpan.Zero);

    public bool Kills { get; init; }

    /// <summary>Whether the target is called.</summary>
    public bool IsMade => Answer.Result is not (AttemptResult.PutOff or AttemptResult.Skipped);
}
