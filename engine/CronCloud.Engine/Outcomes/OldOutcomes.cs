using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Due;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Outcomes;

/// <summary>
/// Outcomes that are told once more, long after they were settled: a stream that lost something is told again what was published of late. The due index knows them, unless it lost something too; history does.
/// </summary>
internal sealed partial class OldOutcomes(IHistory history, TimeProvider time, ILogger logger)
{
    /// <summary>What follows from an outcome is this late only where servers were away, or when it was done before.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

    private readonly AttemptQuestions _questions = new(history, time);

    /// <summary>Whether what was to be done then, a retry or a dead letter, should have been done long ago.</summary>
    public bool IsLate(DateTimeOffset due) => due + Late < time.GetUtcNow();

    /// <summary>Those whose executions have a later attempt. While history is away none is known to be old: what is only late must not wait for it.</summary>
    public async Task<IReadOnlySet<Outcome>> FindAsync(IReadOnlyList<Outcome> outcomes, CancellationToken cancellation)
    {
        if (outcomes.Count == 0 || _questions.IsAway)
            return new HashSet<Outcome>();
        try
        {
            var attempts = await _questions.AskAsync([.. outcomes.Select(outcome => outcome.Execution)], cancellation);
            return outcomes.Where(outcome => attempts[outcome.Execution.EntryKey].Any(row => row.Attempt > outcome.Execution.Attempt)).ToHashSet<Outcome>(ReferenceEqualityComparer.Instance);
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            LogHistoryAway(outcomes.Count, away.GetType().Name, away.Message);
            return new HashSet<Outcome>();
        }
    }

    [LoggerMessage(EventId = 1303, Level = LogLevel.Warning, Message = "Whether {Count} late outcomes were settled before is not known, they are settled: {Kind}: {Reason}")]
    private partial void LogHistoryAway(int count, string kind, string reason);
}
