using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Due;

/// <summary>What history knows of attempts. After a loss all partitions ask at once: what they ask while history answers goes together in the next question.</summary>
internal sealed class AttemptQuestions(IHistory history, TimeProvider time)
{
    private const int MostTogether = 100;

    /// <summary>Executions in one query.</summary>
    private const int AtOnce = 1_000;

    /// <summary>What is due is behind this: whoever asks waits no longer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>For so long a history that did not answer is not asked.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(4);

    private readonly Gathering<List<Execution>, ILookup<string, HistoryRow>> _questions = new((questions, _) => AnswerAsync(history, time, questions), MostTogether);
    private readonly Breaker _history = new(Pause, time);

    /// <summary>Whether history did not answer a moment ago, and is not to be asked.</summary>
    public bool IsAway => _history.IsOpen;

    /// <summary>By the executions' entry keys. Fails when history does not answer in time.</summary>
    public async Task<ILookup<string, HistoryRow>> AskAsync(List<Execution> executions, CancellationToken cancellation)
    {
        try
        {
            return await _questions.AddAsync(executions, CancellationToken.None).WaitAsync(Patience, time, cancellation);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            _history.Open();
            throw;
        }
    }

    /// <summary>All who ask get the same answer: it tells of everything that was asked.</summary>
    private static async Task<IReadOnlyList<ILookup<string, HistoryRow>>> AnswerAsync(IHistory history, TimeProvider time, IReadOnlyList<List<Execution>> questions)
    {
        var rows = new List<HistoryRow>();
        using var patience = new CancellationTokenSource(Patience, time);
        foreach (var executions in questions.SelectMany(question => question).Chunk(AtOnce))
            rows.AddRange(await history.FindAttemptsAsync(executions, patience.Token).WaitAsync(patience.Token));

        var answer = rows.ToLookup(row => $"{row.Tenant}/{row.ExecutionId}");
        return [.. questions.Select(_ => answer)];
    }
}
