using CronCloud.Core.Streams;

namespace CronCloud.Engine.Executing;

/// <summary>
/// Publishes outcomes of attempts that end at about the same time together: one publication is under way at a time, and what ends meanwhile goes with the next. An outcome that is alone goes at once.
/// </summary>
internal sealed class OutcomeGathering(IOutcomeStream outcomes)
{
    private const int MostTogether = 500;

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = [];
    private bool _isPublishing;

    /// <summary>True when the stream has it.</summary>
    public Task<bool> PublishAsync(StreamMessage outcome, CancellationToken cancellation)
    {
        var waiting = new Waiting(outcome);
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            if (_isPublishing)
                return waiting.Told.Task;
            _isPublishing = true;
        }

        _ = PublishAllAsync(cancellation);
        return waiting.Told.Task;
    }

    private async Task PublishAllAsync(CancellationToken cancellation)
    {
        for (var together = Take(); together.Count > 0; together = Take())
            await PublishAsync(together, cancellation);
    }

    private async Task PublishAsync(List<Waiting> together, CancellationToken cancellation)
    {
        try
        {
            var published = await outcomes.PublishAsync(together.ConvertAll(waiting => waiting.Outcome), cancellation);
            for (var i = 0; i < together.Count; i++)
                together[i].Told.SetResult(published[i]);
        }
        catch (Exception failure)
        {
            together.ForEach(waiting => waiting.Told.SetException(failure));
        }
    }

    /// <summary>None: the next to come publishes again.</summary>
    private List<Waiting> Take()
    {
        lock (_lock)
        {
            var together = new List<Waiting>(Math.Min(MostTogether, _waiting.Count));
            while (together.Count < MostTogether && _waiting.TryDequeue(out var next))
                together.Add(next);
            _isPublishing = together.Count > 0;
            return together;
        }
    }

    private sealed record Waiting(StreamMessage Outcome)
    {
        public TaskCompletionSource<bool> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
