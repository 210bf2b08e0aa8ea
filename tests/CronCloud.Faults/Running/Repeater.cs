using System.Collections.Concurrent;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace CronCloud.Faults.Running;

/// <summary>Sends messages to the streams that the product did not send: executions once more, and what is none.</summary>
public sealed class Repeater(string nats) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly NatsConnection _nats = new(new NatsOpts { Url = nats });

    /// <summary>
    /// Takes executions off the wire and sends each again: once with its own id, which the stream must drop, and so many times with another, as
    /// after the window or after a restart of NATS.
    /// </summary>
    public async Task RepeatAsync(int executions, int times)
    {
        var context = new NatsJSContext(_nats);
        foreach (var message in await CaptureAsync(executions))
        {
            var id = message.Headers!["Nats-Msg-Id"].ToString();
            if (!(await context.PublishAsync(message.Subject, message.Data, opts: new NatsJSPubOpts { MsgId = id })).Duplicate)
                throw new InvalidOperationException($"The stream took {id} twice.");
            for (var i = 1; i <= times; i++)
                (await context.PublishAsync(message.Subject, message.Data, opts: new NatsJSPubOpts { MsgId = $"{id}!{i}" })).EnsureSuccess();
        }
    }

    /// <summary>Messages that are no executions and no outcomes.</summary>
    public async Task SendNonsenseAsync()
    {
        var context = new NatsJSContext(_nats);
        foreach (var subject in (string[])["cc.execution.7", "cc.outcome.7"])
        {
            foreach (var body in (string[])["", "no JSON", "null", "[]", "{}", """{"tenant":"default","jobId":"x","version":99}""", new string('x', 900_000)])
                (await context.PublishAsync(subject, body)).EnsureSuccess();
        }
    }

    public ValueTask DisposeAsync() => _nats.DisposeAsync();

    private async Task<IReadOnlyList<NatsMsg<byte[]>>> CaptureAsync(int count)
    {
        var captured = new ConcurrentQueue<NatsMsg<byte[]>>();
        using var enough = new CancellationTokenSource(Patience);
        try
        {
            await foreach (var message in _nats.SubscribeAsync<byte[]>("cc.execution.*", cancellationToken: enough.Token))
            {
                captured.Enqueue(message);
                if (captured.Count == count)
                    break;
            }
        }
        catch (OperationCanceledException late)
        {
            throw new TimeoutException($"{captured.Count} of {count} executions were on the wire within {Patience.TotalSeconds} s.", late);
        }

        return [.. captured];
    }
}
