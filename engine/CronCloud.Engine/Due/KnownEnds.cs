using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// By which attempts executions ended, as history tells. Asked about what comes so late that it may have been done before: an outcome that is told once more, long after it was settled, and a row of the
/// record that an emptied index is built from. An index that lost nothing knows by itself.
/// </summary>
public sealed partial class KnownEnds(IHistory history, IDeadLetterStore deadLetters, TimeProvider time, ILogger<KnownEnds> logger)
{
    /// <summary>What is to be done is this late only where servers were away, or when it was done before.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);

    private static readonly IReadOnlyDictionary<string, int> NothingKnown = new Dictionary<string, int>();

    private readonly AttemptQuestions _questions = new(history, time);
    private readonly Breaker _record = new(AttemptQuestions.Pause, time);

    /// <summary>Whether what was to be done then should have been done long ago.</summary>
    public bool IsLate(DateTimeOffset due) => due + Late < time.GetUtcNow();

    /// <summary>
    /// By which attempt executions ended, by their entry keys, each given as of an attempt before its end (0: before its first). Only an end counts: of a later attempt that is to be tried again too, nobody may go on. While history
    /// is away no end is known: what is only late must not wait for it, or for the record, longer than two seconds each.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, int>> FindAsync(List<Execution> executions, CancellationToken cancellation)
    {
        if (executions.Count == 0 || _questions.IsAway)
            return NothingKnown;
        try
        {
            var attempts = await _questions.AskAsync(executions, cancellation);
            var ends = new Dictionary<string, int>();
            var letters = new List<HistoryRow>();
            foreach (var execution in executions)
            {
                if (attempts[execution.EntryKey].MaxBy(row => row.Attempt) is not { } last)
                    continue;
                if (last.Status == ExecutionStatus.Succeeded)
                    ends[execution.EntryKey] = last.Attempt;
                else if (last.Status == ExecutionStatus.DeadLettered && last.Attempt > execution.Attempt) // one of this attempt itself is settled once more, to no effect: what else belongs to it may not have been done
                    letters.Add(last);
            }

            await AddKeptAsync(letters, ends, cancellation);
            return ends;
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            LogAway(executions.Count, away.GetType().Name, away.Message);
            return NothingKnown;
        }
    }

    /// <summary>Of a dead letter that the record has not, nobody would go on. A record that does not answer is not asked for a while, as a history is.</summary>
    private async Task AddKeptAsync(List<HistoryRow> letters, Dictionary<string, int> ends, CancellationToken cancellation)
    {
        if (letters.Count == 0 || _record.IsOpen)
            return;
        using var patience = new CancellationTokenSource(AttemptQuestions.Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        var answered = 0;
        try
        {
            foreach (var letter in letters)
            {
                answered++;
                if (await deadLetters.FindAsync(letter.Tenant, letter.ExecutionId, either.Token).WaitAsync(either.Token) is not null)
                    ends[$"{letter.Tenant}/{letter.ExecutionId}"] = letter.Attempt;
            }
        }
        catch (Exception away) when (!cancellation.IsCancellationRequested)
        {
            if (answered <= 1) // else it is only slow, or cannot read one
                _record.Open();
            LogAway(letters.Count, away.GetType().Name, away.Message);
        }
    }

    [LoggerMessage(EventId = 1118, Level = LogLevel.Warning, Message = "Whether {Count} executions ended before is not known, they go on: {Kind}: {Reason}")]
    private partial void LogAway(int count, string kind, string reason);
}
