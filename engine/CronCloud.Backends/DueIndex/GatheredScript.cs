using CronCloud.Core;
using CronCloud.Core.Jobs;
using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>
/// A script that many partitions run at about the same time: at a tick of the dispatch, or when outcomes of many jobs are settled together. What comes while a call is under way goes with the next, some
/// partitions in one command, since a command costs the client and the server about as much as what it does for a few entries. Redis Cluster takes the keys of one partition only: there each goes alone.
/// </summary>
internal sealed class GatheredScript
{
    /// <summary>Partitions in one command, and about so many arguments: a command keeps all others waiting, and a scan may answer with hundreds of entries of each.</summary>
    private const int MostPartitions = 8;
    private const int MostArguments = 10_000;

    /// <summary>A command without an answer by then has none: those that wait behind it must not wait for ever.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    private static readonly RedisResult Nothing = RedisResult.Create(RedisValue.Null);

    private readonly RedisConnection _connection;
    private readonly RedisScript _alone;
    private readonly RedisScript _many;
    private readonly Gathering<Call, Answer> _calls;

    public GatheredScript(RedisConnection connection, RedisScript script)
    {
        (_connection, _alone, _many) = (connection, script, script.ForMany());
        _calls = new Gathering<Call, Answer>(RunAsync, Partitions.Count);
    }

    public async Task<RedisResult> RunAsync(RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellation)
    {
        if (_connection.IsCluster)
            return await _alone.RunAsync(_connection.Database, keys, arguments).WaitAsync(cancellation);
        var (result, error) = await _calls.AddAsync(new Call(keys, arguments), CancellationToken.None).WaitAsync(cancellation);
        return error is null ? result : throw error;
    }

    private async Task<IReadOnlyList<Answer>> RunAsync(IReadOnlyList<Call> calls, CancellationToken cancellation)
    {
        var commands = new List<Task<IReadOnlyList<Answer>>>();
        for (var i = 0; i < calls.Count;)
        {
            var together = Together(calls, i);
            commands.Add(TryAsync(together));
            i += together.Count;
        }

        return [.. (await Task.WhenAll(commands)).SelectMany(answers => answers)];
    }

    private static List<Call> Together(IReadOnlyList<Call> calls, int from)
    {
        var (together, arguments) = (new List<Call>(MostPartitions), 0);
        for (var i = from; i < calls.Count && together.Count < MostPartitions && (together.Count == 0 || arguments + calls[i].Arguments.Length <= MostArguments); i++)
        {
            together.Add(calls[i]);
            arguments += calls[i].Arguments.Length;
        }

        return together;
    }

    /// <summary>A command that fails fails for those in it, and no others.</summary>
    private async Task<IReadOnlyList<Answer>> TryAsync(List<Call> calls)
    {
        try
        {
            return await (calls.Count == 1 ? RunAloneAsync(calls[0]) : RunManyAsync(calls)).WaitAsync(Limit);
        }
        catch (Exception failure)
        {
            return [.. calls.Select(_ => new Answer(Nothing, failure))];
        }
    }

    private async Task<IReadOnlyList<Answer>> RunAloneAsync(Call call) => [new Answer(await _alone.RunAsync(_connection.Database, call.Keys, call.Arguments), null)];

    private async Task<IReadOnlyList<Answer>> RunManyAsync(List<Call> calls)
    {
        RedisValue[] arguments = [calls[0].Keys.Length, .. calls.SelectMany(call => call.Arguments.Prepend(call.Arguments.Length))];
        var results = (RedisResult[])(await _many.RunAsync(_connection.Database, [.. calls.SelectMany(call => call.Keys)], arguments))!;
        return [.. calls.Select((_, i) => (int)results[2 * i] == 1 ? new Answer(results[(2 * i) + 1], null) : new Answer(Nothing, new RedisException((string?)results[(2 * i) + 1] ?? "The script failed.")))];
    }

    private sealed record Call(RedisKey[] Keys, RedisValue[] Arguments);

    /// <param name="Result">What the script returned.</param>
    /// <param name="Error">What went wrong for this partition; null when nothing did.</param>
    private sealed record Answer(RedisResult Result, Exception? Error);
}
