using CronCloud.Core;
using CronCloud.Core.Executions;
using CronCloud.Core.Outcomes;

namespace CronCloud.Simulation.Twins;

/// <summary>Dead letters in memory, beside the pending executions that they take the place of. It also remembers what was redriven: what the checker judges by.</summary>
internal sealed class DeadLetterStoreTwin(PendingStoreTwin pending, TimeProvider time) : IDeadLetterStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DeadLetter> _letters = [];
    private readonly Dictionary<string, DateTimeOffset> _redriven = [];

    public IReadOnlyCollection<DeadLetter> Letters => _letters.Values;

    /// <summary>By id of the attempt after which an execution was given a new round: when.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Redriven => _redriven;

    public Task KeepAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        lock (_lock)
        {
            foreach (var letter in letters.Where(l => pending.Remove(l.Execution)))
            {
                if (!_letters.TryGetValue(letter.Execution.EntryKey, out var stored) || stored.Execution.Attempt < letter.Execution.Attempt)
                    _letters[letter.Execution.EntryKey] = letter;
            }
        }

        return Task.CompletedTask;
    }

    public Task<DeadLetter?> FindAsync(string tenant, string executionId, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_letters.GetValueOrDefault($"{tenant}/{executionId}"));
    }

    public Task<Page<DeadLetter>> ListAsync(DeadLetterQuery query, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var found = _letters.Values.Where(l => Matches(l, query)).OrderByDescending(At).ThenByDescending(l => l.Execution.ExecutionId, StringComparer.Ordinal).ToList();
            var page = found.Take(query.Limit).ToList();
            return Task.FromResult(new Page<DeadLetter>(page, found.Count > query.Limit ? Cursor.Of($"{At(page[^1])}/{page[^1].Execution.ExecutionId}") : null));
        }
    }

    public Task<IReadOnlyList<Execution>> RedriveAsync(IReadOnlyList<DeadLetter> letters, DateTimeOffset due, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var redriven = new List<Execution>();
            foreach (var letter in letters.Where(l => _letters.TryGetValue(l.Execution.EntryKey, out var stored) && stored.Execution.Attempt == l.Execution.Attempt))
            {
                _letters.Remove(letter.Execution.EntryKey);
                _redriven[letter.Execution.AttemptId] = time.GetUtcNow();
                redriven.Add(letter.Redriven());
                pending.Keep(new PendingExecution(redriven[^1], due));
            }

            return Task.FromResult<IReadOnlyList<Execution>>(redriven);
        }
    }

    public Task<bool> DiscardAsync(string tenant, string executionId, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_letters.Remove($"{tenant}/{executionId}"));
    }

    private static long At(DeadLetter letter) => letter.DeadLetteredAt.ToUnixTimeMilliseconds();

    private static bool Matches(DeadLetter letter, DeadLetterQuery query)
    {
        if (letter.Execution.Tenant != query.Tenant || (query.JobId is { } job && letter.Execution.JobId != job) || At(letter) >= query.Before?.ToUnixTimeMilliseconds())
            return false;
        return query.Cursor is null || (At(letter), letter.Execution.ExecutionId).CompareTo(DeadLetterQuery.ReadCursor(query.Cursor)) < 0;
    }
}
