using System.Reflection;
using CronCloud.Core.Due;
using CronCloud.Core.Streams;

namespace CronCloud.Simulation.Mutants;

/// <summary>The two seams of dispatching, with the mutant's change in between: the product itself needs no hooks.</summary>
internal sealed class MutantSeams
{
    private readonly List<StreamMessage> _kept = [];
    private readonly Mutant _mutant;
    private readonly IDueIndex _index;
    private readonly IExecutionQueue _queue;

    public MutantSeams(Mutant mutant, IDueIndex index, IExecutionQueue queue)
    {
        (_mutant, _index, _queue) = (mutant, index, queue);
        Index = mutant == Mutant.None ? index : MutantProxy.Of(index, CallIndex);
        Queue = mutant == Mutant.AdvanceBeforePublish ? MutantProxy.Of(queue, CallQueue) : queue;
    }

    public IDueIndex Index { get; }

    public IExecutionQueue Queue { get; }

    private object? CallIndex(MethodInfo step, object?[] arguments) => (_mutant, step.Name) switch
    {
        (Mutant.AdvanceBeforePublish, nameof(IDueIndex.AdvanceAsync)) => AdvanceAndPublishAsync(step, arguments),
        (Mutant.NoDeadline, nameof(IDueIndex.ReadFlightsAsync)) when (DateTimeOffset)arguments[1]! < DateTimeOffset.MaxValue => Task.FromResult<IReadOnlyList<Flight>>([]),
        (Mutant.NoCompareAndSet, nameof(IDueIndex.AdvanceAsync)) => AdvanceWhateverAsync(step, arguments),
        (Mutant.NoEpoch, nameof(IDueIndex.ScanAsync)) => ScanAsBuiltAsync(step, arguments),
        _ => MutantProxy.Carry(_index, step, arguments),
    };

    /// <summary>Deliberate second dispatches (a message id with ~) are no part of this mutant.</summary>
    private object? CallQueue(MethodInfo step, object?[] arguments)
    {
        if (step.Name != nameof(IExecutionQueue.PublishAsync) || ((IReadOnlyList<StreamMessage>)arguments[0]!).Any(m => m.Id.Contains('~', StringComparison.Ordinal)))
            return MutantProxy.Carry(_queue, step, arguments);
        var messages = (IReadOnlyList<StreamMessage>)arguments[0]!;
        _kept.AddRange(messages);
        return Task.FromResult<IReadOnlyList<bool>>([.. messages.Select(_ => true)]);
    }

    private async Task<IReadOnlyList<bool>> AdvanceAndPublishAsync(MethodInfo step, object?[] arguments)
    {
        var published = _kept.ToList();
        _kept.Clear();
        var advanced = await (Task<IReadOnlyList<bool>>)MutantProxy.Carry(_index, step, arguments)!;
        if (published.Count > 0)
            await _queue.PublishAsync(published, (CancellationToken)arguments[^1]!);
        return advanced;
    }

    private async Task<IReadOnlyList<bool>> AdvanceWhateverAsync(MethodInfo step, object?[] arguments)
    {
        var advances = (IReadOnlyList<Advance>)arguments[1]!;
        var now = new List<Advance>();
        foreach (var advance in advances)
        {
            var entry = await _index.FindAsync((int)arguments[0]!, advance.Entry.Key, CancellationToken.None);
            now.Add(entry is null ? advance : advance with { Entry = advance.Entry with { Version = entry.Version, Due = entry.Due } });
        }

        return await (Task<IReadOnlyList<bool>>)MutantProxy.Carry(_index, step, [arguments[0], now, .. arguments[2..]])!;
    }

    private async Task<DueScan> ScanAsBuiltAsync(MethodInfo step, object?[] arguments)
    {
        var scan = await (Task<DueScan>)MutantProxy.Carry(_index, step, arguments)!;
        return scan with { IsBuilt = true, Incarnation = await _index.ReadIncarnationAsync(CancellationToken.None), Reached = ((DueQuery)arguments[1]!).Reached };
    }
}

/// <summary>A seam whose calls go through a function.</summary>
internal class MutantProxy : DispatchProxy
{
    private Func<MethodInfo, object?[], object?> _call = null!;

    public static T Of<T>(T target, Func<MethodInfo, object?[], object?> call)
        where T : class
    {
        var proxy = Create<T, MutantProxy>();
        ((MutantProxy)(object)proxy)._call = call;
        return proxy;
    }

    public static object? Carry(object target, MethodInfo step, object?[] arguments) => step.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _call(targetMethod!, args ?? []);
}
