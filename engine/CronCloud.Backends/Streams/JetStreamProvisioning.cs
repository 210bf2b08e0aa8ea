using System.Security.Cryptography;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace CronCloud.Backends.Streams;

/// <summary>
/// Brings a stream and its readers to what the product needs, whatever the server has or has lost of them. A server whose disk was full, or that lost power, can come back with its readers'
/// places and without the end of the stream. It counts on from there, and hands out nothing until it comes to where its readers are, even if that takes millions of messages: they are made anew.
/// </summary>
/// <param name="context">The server.</param>
/// <param name="setup">Which stream.</param>
/// <param name="onLoss">Called when the stream has lost something since the last time: a reader is ahead of it, or was made anew by another process.</param>
internal sealed class JetStreamProvisioning(NatsJSContext context, JetStreamSetup setup, Action onLoss)
{
    /// <summary>Whoever makes readers anew and does not come to the end leaves behind what holds their messages: the server removes it by then.</summary>
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(30);

    private const int MostApartMs = 300;

    /// <summary>After its restart a server tells otherwise when a reader was made, by less than a millisecond.</summary>
    private static readonly TimeSpan SameTime = TimeSpan.FromMilliseconds(100);

    /// <summary>When each reader was made, as this process last saw it.</summary>
    private readonly Dictionary<string, DateTimeOffset> _made = [];

    /// <summary>
    /// A stream takes messages when its readers are there, not before: what nobody is interested in is dropped, though its publisher was told that the stream has it.
    /// Until then its subject is one that nobody publishes to.
    /// </summary>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        var config = await FindAsync(cancellation) ?? await CreateAsync(cancellation);
        var readers = await EachReaderAsync(reader => context.CreateOrUpdateConsumerAsync(setup.Name, reader, cancellation));
        await MendAsync(readers, (await context.UpdateStreamAsync(setup.Apply(config), cancellation)).Info, cancellation);
    }

    /// <summary>Writes nothing where nothing is missing: a disk that was full may be so again.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            var readers = await EachReaderAsync(reader => context.GetConsumerAsync(setup.Name, reader.DurableName!, cancellation));
            await MendAsync(readers, (await context.GetStreamAsync(setup.Name, cancellationToken: cancellation)).Info, cancellation);
        }
        catch (NatsJSApiException missing) when (missing.Error.Code == 404)
        {
            await EnsureAsync(cancellation);
        }
    }

    private async Task<List<ConsumerInfo>> EachReaderAsync(Func<ConsumerConfig, ValueTask<INatsJSConsumer>> ask)
    {
        var readers = new List<ConsumerInfo>();
        foreach (var reader in setup.Consumers)
            readers.Add((await ask(reader)).Info);
        return readers;
    }

    private async Task MendAsync(List<ConsumerInfo> readers, StreamInfo stream, CancellationToken cancellation)
    {
        var isAhead = readers.Exists(reader => IsAhead(reader, stream));
        if (isAhead || readers.Exists(IsMadeAnew))
            onLoss();
        readers.ForEach(reader => _made[reader.Name] = reader.Created);
        if (isAhead)
            await RecreateAsync(cancellation);
    }

    private bool IsMadeAnew(ConsumerInfo reader) => _made.TryGetValue(reader.Name, out var made) && (reader.Created - made).Duration() > SameTime;

    /// <summary>The reader was asked first: a healthy one cannot be ahead then.</summary>
    private static bool IsAhead(ConsumerInfo reader, StreamInfo stream) => reader.Delivered.StreamSeq > stream.State.LastSeq;

    private async Task<StreamConfig?> FindAsync(CancellationToken cancellation)
    {
        try
        {
            return (await context.GetStreamAsync(setup.Name, cancellationToken: cancellation)).Info.Config;
        }
        catch (NatsJSApiException missing) when (missing.Error.Code == 404)
        {
            return null;
        }
    }

    /// <summary>Three copies where the server tells of a cluster that can have them; else one. Another node may have created it meanwhile.</summary>
    private async Task<StreamConfig> CreateAsync(CancellationToken cancellation)
    {
        var copies = context.Connection.ServerInfo is { Cluster: not null, ClientConnectUrls.Length: >= 3 } ? 3 : 1;
        while (true)
        {
            try
            {
                return (await context.CreateStreamAsync(setup.Closed(copies), cancellation)).Info.Config;
            }
            catch (NatsJSApiException refused)
            {
                if (await FindAsync(cancellation) is { } existing)
                    return existing;
                if (copies == 1)
                    throw new IOException($"NATS refuses the stream {setup.Name}: {refused.Error.Description}", refused);
                copies = 1;
            }
        }
    }

    /// <summary>
    /// Readers that are ahead are handed all that there is, also what they had acknowledged and what came back: twice rather than never. Where a message goes when no reader wants it any more, another
    /// reader holds all of them meanwhile, and stays when this ends half way: whoever looks next makes the reader that is missing. Not by all processes at once, either: what the reader of the first had
    /// handed out would be handed out again.
    /// </summary>
    private async Task RecreateAsync(CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(MostApartMs)), TimeProvider.System, cancellation);
        var holder = setup.Retention == StreamConfigRetention.Interest ? await HoldAsync(cancellation) : null;
        foreach (var reader in setup.Consumers)
            await RecreateAsync(reader, cancellation);
        if (holder is not null)
            await context.DeleteConsumerAsync(setup.Name, holder, cancellation);
    }

    /// <summary>If it is ahead, still: another process may have been faster.</summary>
    private async Task RecreateAsync(ConsumerConfig reader, CancellationToken cancellation)
    {
        try
        {
            var now = (await context.GetConsumerAsync(setup.Name, reader.DurableName!, cancellation)).Info;
            if (!IsAhead(now, (await context.GetStreamAsync(setup.Name, cancellationToken: cancellation)).Info))
            {
                _made[now.Name] = now.Created;
                return;
            }

            await context.DeleteConsumerAsync(setup.Name, reader.DurableName!, cancellation);
        }
        catch (NatsJSApiException missing) when (missing.Error.Code == 404)
        {
            // Another process has deleted it just now; it is made by whoever is first.
        }

        _made[reader.DurableName!] = (await context.CreateOrUpdateConsumerAsync(setup.Name, reader, cancellation)).Info.Created;
    }

    private async Task<string> HoldAsync(CancellationToken cancellation) =>
        (await context.CreateOrUpdateConsumerAsync(setup.Name, new ConsumerConfig { AckPolicy = ConsumerConfigAckPolicy.Explicit, InactiveThreshold = LongestHold }, cancellation)).Info.Name;
}
