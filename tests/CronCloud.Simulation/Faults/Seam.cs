using System.Collections.Concurrent;
using System.Reflection;
using CronCloud.Core.Streams;
using CronCloud.Simulation.Nodes;

namespace CronCloud.Simulation.Faults;

/// <summary>
/// A seam as one node sees it, whatever the seam: each call takes time, may fail before or after its effect, or be the last thing that the node does. A dead
/// node's calls never return.
/// </summary>
internal class Seam : DispatchProxy
{
    private static readonly ConcurrentDictionary<MethodInfo, Func<Seam, MethodInfo, object?[], object?>> Callers = [];
    private static readonly MethodInfo TypedCaller = typeof(Seam).GetMethod(nameof(CallTypedAsync), BindingFlags.Instance | BindingFlags.NonPublic)!;

    private object _target = null!;
    private NodeProcess _node = null!;
    private Server _server;

    public static T Of<T>(T target, NodeProcess node, Server server)
        where T : class
    {
        var proxy = Create<T, Seam>();
        var seam = (Seam)(object)proxy;
        (seam._target, seam._node, seam._server) = (target, node, server);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Callers.GetOrAdd(targetMethod!, CallerOf)(this, targetMethod!, args ?? []);

    private static Func<Seam, MethodInfo, object?[], object?> CallerOf(MethodInfo method)
    {
        if (method.ReturnType == typeof(Task))
            return (seam, m, arguments) => seam.CallAsync(m, arguments);
        if (method.ReturnType.IsGenericType && method.ReturnType.GetGenericTypeDefinition() == typeof(Task<>))
            return TypedCaller.MakeGenericMethod(method.ReturnType.GetGenericArguments()).CreateDelegate<Func<Seam, MethodInfo, object?[], object?>>();
        if (method.ReturnType.IsGenericType && method.ReturnType.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>))
            return typeof(Seam).GetMethod(nameof(ReadAsync), BindingFlags.Instance | BindingFlags.NonPublic)!.MakeGenericMethod(method.ReturnType.GetGenericArguments()).CreateDelegate<Func<Seam, MethodInfo, object?[], object?>>();
        return (seam, m, arguments) => seam.Carry(m, arguments);
    }

    private async Task CallAsync(MethodInfo method, object?[] arguments) => await CallAsync(method, arguments, async () =>
    {
        await (Task)Carry(method, arguments)!;
        return true;
    });

    private Task<T> CallTypedAsync<T>(MethodInfo method, object?[] arguments) => CallAsync(method, arguments, () => (Task<T>)Carry(method, arguments)!);

    private async Task<T> CallAsync<T>(MethodInfo method, object?[] arguments, Func<Task<T>> effect)
    {
        var cancellation = arguments.OfType<CancellationToken>().LastOrDefault();
        var plan = _node.Weather.Of(_node, _server, method.Name);
        await _node.PassAsync(plan.Before, cancellation);
        if (plan.Kills == Moment.Before)
            await _node.DieAsync($"before {method.Name}");
        if (plan.Fails == Moment.Before)
            throw Broken(method, "before");
        if (plan.Share is { } share && typeof(T) == typeof(IReadOnlyList<bool>))
            effect = () => (Task<T>)(object)PublishPartAsync(method, arguments, share);

        T result;
        try
        {
            result = await effect();
        }
        catch when (_node.IsDead)
        {
            await NodeProcess.Never;
            throw;
        }

        if (plan.Kills == Moment.After)
            await _node.DieAsync($"after {method.Name}");
        await _node.PassAsync(plan.After, cancellation);
        if (plan.Fails == Moment.After)
            throw Broken(method, "after");
        return result is IReadOnlyList<Delivery> deliveries ? (T)(object)deliveries.Select(d => new SeamDelivery(d, _node)).ToArray() : result;
    }

    private async IAsyncEnumerable<T> ReadAsync<T>(MethodInfo method, object?[] arguments)
    {
        var plan = _node.Weather.Of(_node, _server, method.Name);
        await _node.PassAsync(plan.Before, default);
        if (plan.Kills == Moment.Before)
            await _node.DieAsync($"before {method.Name}");
        if (plan.Fails == Moment.Before)
            throw Broken(method, "before");
        await foreach (var item in (IAsyncEnumerable<T>)Carry(method, arguments)!)
        {
            yield return item;
            await _node.PassAsync(plan.After, default);
            if (plan.Kills == Moment.After)
                await _node.DieAsync($"in the middle of {method.Name}");
            if (plan.Fails == Moment.After)
                throw Broken(method, "in the middle of");
        }
    }

    /// <summary>Some messages of the batch are in, the others are not, and the answer says so.</summary>
    private async Task<IReadOnlyList<bool>> PublishPartAsync(MethodInfo method, object?[] arguments, double share)
    {
        var messages = (IReadOnlyList<StreamMessage>)arguments[0]!;
        var taken = messages.Select(_ => _node.World.Chance(share)).ToArray();
        var own = arguments.ToArray();
        own[0] = messages.Where((_, i) => taken[i]).ToList();
        await (Task<IReadOnlyList<bool>>)Carry(method, own)!;
        _node.Note($"of {messages.Count} messages {taken.Count(t => t)} are taken");
        return taken;
    }

    private object? Carry(MethodInfo method, object?[] arguments) => method.Invoke(_target, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    private SimulatedFaultException Broken(MethodInfo method, string moment)
    {
        _node.Note($"{_server} breaks {moment} {method.Name}");
        return new SimulatedFaultException($"{_server} is away ({moment} {method.Name}).");
    }
}
