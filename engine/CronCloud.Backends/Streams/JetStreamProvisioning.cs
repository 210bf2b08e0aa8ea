using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace CronCloud.Backends.Streams;

/// <summary>
/// Brings a stream and its readers to what the product needs, whatever the server has or has lost of them. A server whose disk was full, or that lost power, can come back with the readers'
/// places and without the end of the stream. It counts on from there, and hands out nothing until it comes to where its readers are, be that millions of messages later: they are made anew.
/// </summary>
internal sealed class JetStreamProvisioning(NatsJSContext context, JetStreamSetup setup)
{
    /// <summary>Whoever makes readers anew and dies over it leaves behind what holds their messages: the server removes it by then.</summary>
    private static readonly TimeSpan LongestRenewal = TimeSpan.FromSeconds(30);

    /// <summary>After its restart a server tells otherwise when a reader was made, by less than a millisecond.</summary>
    private static readonly TimeSpan SameTime = TimeSpan.FromMilliseconds(100);

    /// <summary>When each reader was made, as this process last saw it: another time tells that another process has made it anew.</summary>
    private readonly Dictionary<string, DateTimeOffset> _made = [];
    private volatile int _renewals;

    /// <summary>How often readers were made anew since the stream was known to have lost its end.</summary>
    public int Renewals => _renewals;

    /// <summary>
    /// A stream takes messages when its readers are there, not before: what nobody is interested in is dropped, though its publisher was told that the stream has it.
    /// Until then its subject is one that nobody publishes to.
    /// </summary>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        var config = await FindAsync(cancellation) ?? await CreateAsync(cancellation);
        var readers = new List<ConsumerInfo>();
        foreach (var reader in setup.Consumers)
            readers.Add(await MakeAsync(reader, cancellation));
        var last = (await context.UpdateStreamAsync(setup.Apply(config), cancellation)).Info.State.LastSeq;
        await MakeAnewAsync(readers.FindAll(reader => reader.Delivered.StreamSeq > last), last + 1, cancellation); // asked before the stream, a reader is not ahead of it else
    }

    /// <summary>
    /// The stream is known to have lost its end; it may have grown again beyond where its readers are. They are made anew by the first process that knows.
    /// </summary>
    /// <param name="from">The first number that is known to have been given once more.</param>
    /// <param name="seen"><see cref="Renewals"/> before what told it: what was done since is not done again.</param>
    /// <param name="cancellation">Some readers may be made anew then, and not the others.</param>
    public async Task RenewAsync(ulong from, int seen, CancellationToken cancellation)
    {
        if (_renewals != seen)
            return;
        var readers = new List<ConsumerInfo>();
        foreach (var reader in setup.Consumers)
            readers.Add((await context.GetConsumerAsync(setup.Name, reader.DurableName!, cancellation)).Info);
        await MakeAnewAsync(readers.FindAll(reader => (reader.Created - _made[reader.Name]).Duration() < SameTime), from, cancellation);
        _renewals++;
    }

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

    private async Task<ConsumerInfo> MakeAsync(ConsumerConfig reader, CancellationToken cancellation)
    {
        var info = (await context.CreateOrUpdateConsumerAsync(setup.Name, reader, cancellation)).Info;
        _made[info.Name] = info.Created;
        return info;
    }

    /// <summary>
    /// They are handed all that there is from <paramref name="from"/> on, and what they had not acknowledged before it. An execution that was acknowledged and came back would run once more: such go
    /// first. Where a message goes when no reader wants it any more, another reader holds all of them meanwhile.
    /// </summary>
    private async Task MakeAnewAsync(List<ConsumerInfo> readers, ulong from, CancellationToken cancellation)
    {
        if (readers.Count == 0)
            return;
        var kept = Math.Min(readers[0].AckFloor.StreamSeq + 1, from);
        if (setup.Retention == StreamConfigRetention.Workqueue && kept > 1) // 1 would empty the stream
            await context.PurgeStreamAsync(setup.Name, new StreamPurgeRequest { Seq = kept }, cancellation);
        var holder = setup.Retention == StreamConfigRetention.Interest ? await HoldAsync(cancellation) : null;
        foreach (var reader in readers)
        {
            await context.DeleteConsumerAsync(setup.Name, reader.Name, cancellation);
            await MakeAsync(setup.Consumers.Single(consumer => consumer.DurableName == reader.Name), cancellation);
        }

        if (holder is not null)
            await context.DeleteConsumerAsync(setup.Name, holder, cancellation);
    }

    private async Task<string> HoldAsync(CancellationToken cancellation) =>
        (await context.CreateOrUpdateConsumerAsync(setup.Name, new ConsumerConfig { AckPolicy = ConsumerConfigAckPolicy.Explicit, InactiveThreshold = LongestRenewal }, cancellation)).Info.Name;
}
