using CronCloud.Core;
using CronCloud.Core.Clocks;
using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>The one multiplexed connection to Redis. It comes back by itself; meanwhile calls fail fast.</summary>
public sealed class RedisConnection(string connectionString) : IDependency, IReferenceClock, IAsyncDisposable
{
    /// <summary>How often the client looks whether it may try to connect: once a second by its own.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(250);

    private ConnectionMultiplexer? _redis;

    public string Name => "redis";

    public string Description => $"Redis at {string.Join(", ", Options().EndPoints.Select(e => e.ToString()!.Replace("Unspecified/", "", StringComparison.Ordinal)))}";

    public IDatabase Database => Multiplexer.GetDatabase();

    private ConnectionMultiplexer Multiplexer => _redis ?? throw new InvalidOperationException("The connection to Redis is not open yet.");

    public async Task OpenAsync(CancellationToken cancellation)
    {
        _redis ??= await ConnectionMultiplexer.ConnectAsync(Options()).WaitAsync(cancellation);
        await ProbeAsync(cancellation);
    }

    /// <summary>Probes with a write: a Redis that is full or read-only still answers PING.</summary>
    public Task ProbeAsync(CancellationToken cancellation) =>
        Database.StringSetAsync("cc:probe", "1", TimeSpan.FromMinutes(1)).WaitAsync(TimeSpan.FromSeconds(2), cancellation);

    public async Task<DateTimeOffset> ReadAsync(CancellationToken cancellation)
    {
        var time = (long[])(await Database.ExecuteAsync("TIME").WaitAsync(cancellation))!;
        return DateTimeOffset.FromUnixTimeSeconds(time[0]).AddMicroseconds(time[1]);
    }

    /// <summary>Hears a channel for as long as the connection lives.</summary>
    public void Listen(RedisChannel channel, Action<RedisValue> onMessage, Action onReconnect)
    {
        Multiplexer.GetSubscriber().Subscribe(channel, (_, message) => onMessage(message));
        Multiplexer.ConnectionRestored += (_, restored) =>
        {
            if (restored.ConnectionType == ConnectionType.Subscription)
                onReconnect();
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null)
            await _redis.DisposeAsync();
    }

    private ConfigurationOptions Options()
    {
        var options = ConfigurationOptions.Parse(connectionString);
        options.AbortOnConnectFail = true;
        options.ClientName ??= "croncloud";
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ReconnectRetryPolicy = new RedisReconnecting();
        options.HeartbeatInterval = Heartbeat;
        return options;
    }
}
