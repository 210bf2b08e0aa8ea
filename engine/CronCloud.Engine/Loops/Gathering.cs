namespace CronCloud.Engine.Loops;

/// <summary>
/// Puts calls together: one is under way at a time, and what comes meanwhile goes with the next. Who is alone goes at once.
/// </summary>
/// <param name="call">Answers for every item, in their order. A failure is a failure for all that were in the call.</param>
/// <param name="most">Items in one call.</param>
internal sealed class Gathering<TItem, TAnswer>(Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TAnswer>>> call, int most)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = [];
    private bool _isCalling;

    /// <param name="item">What is asked, or told.</param>
    /// <param name="cancellation">Ends the calls, should this be the one that begins them.</param>
    public async Task<TAnswer> AddAsync(TItem item, CancellationToken cancellation)
    {
        var waiting = new Waiting(item);
        if (IsFirst(waiting))
            _ = CallForAllAsync(cancellation);
        return await waiting.Answer.Task;
    }

    private bool IsFirst(Waiting waiting)
    {
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            var isFirst = !_isCalling;
            _isCalling = true;
            return isFirst;
        }
    }

    private async Task CallForAllAsync(CancellationToken cancellation)
    {
        for (var together = Take(); together.Count > 0; together = Take())
            await CallAsync(together, cancellation);
    }

    private async Task CallAsync(List<Waiting> together, CancellationToken cancellation)
    {
        try
        {
            var answers = await call(together.ConvertAll(waiting => waiting.Item), cancellation);
            for (var i = 0; i < together.Count; i++)
                together[i].Answer.SetResult(answers[i]);
        }
        catch (Exception failure)
        {
            together.ForEach(waiting => waiting.Answer.TrySetException(failure));
        }
    }

    /// <summary>None: the next to come calls again.</summary>
    private List<Waiting> Take()
    {
        lock (_lock)
        {
            var together = new List<Waiting>(Math.Min(most, _waiting.Count));
            while (together.Count < most && _waiting.TryDequeue(out var next))
                together.Add(next);
            _isCalling = together.Count > 0;
            return together;
        }
    }

    private sealed record Waiting(TItem Item)
    {
        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
