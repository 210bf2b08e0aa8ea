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

    /// <summary>What is due is behind this: a history that hangs is not waited for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Gathering<List<Execution>, ILookup<string, HistoryRow>> _questions = new((questions, _) => AnswerAsync(history, time, questions), MostTogether);

    /// <summary>By the executions' entry keys. Fails when history does not answer in time.</summary>
    public Task<ILookup<string, HistoryRow>> AskAsync(List<Execution> executions, CancellationToken cancellation) =>
        _questions.AddAsync(executions, CancellationToken.None).WaitAsync(cancellation);

    /// <summary>All who ask get the same answer: it tells of everything that was asked.</summary>
    private static async Task<IReadOnlyList<ILookup<string, HistoryRow>>> AnswerAsync(IHistory history, TimeProvider time, IReadOnlyList<List<Execution>> questions)
    {
        var rows = new List<HistoryRow>();
        foreach (var executions in questions.SelectMany(question => question).Chunk(AtOnce))
        {
            using var patience = new CancellationTokenSource(Patience, time);
            rows.AddRange(await history.FindAttemptsAsync(executions, patience.Token).WaitAsync(patience.Token));
        }

        var answer = rows.ToLookup(row => $"{row.Tenant}/{row.ExecutionId}");
        return [.. questions.Select(_ => answer)];
    }
}
