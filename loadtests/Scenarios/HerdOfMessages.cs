using System.Globalization;
using CronCloud.TestServers;
using NATS.Client.Core;

namespace CronCloud.LoadTests.Scenarios;

/// <summary>Many jobs that are due at one instant, one NATS message each.</summary>
internal static class HerdOfMessages
{
    private const string Subject = "herd.messages";
    private const int WarmUpJobs = 10_000;
    private static readonly TimeSpan UntilDue = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    public static async Task<Measured> RunAsync(Arguments arguments)
    {
        await using var installation = await ClusterInstallation.StartAsync(nodes: arguments.Nodes);
        await using var nats = new NatsConnection(new NatsOpts { Url = installation.Nats.ConnectionString });

        // What has just started compiles its code first: a small herd goes ahead, and is not counted.
        await RunAsync(installation, nats, "warm", WarmUpJobs);
        return await RunAsync(installation, nats, "herd", arguments.Jobs);
    }

    private static async Task<Measured> RunAsync(ClusterInstallation installation, NatsConnection nats, string name, int jobs)
    {
        await using var listener = await Listener.StartAsync(nats, $"{Subject}.{name}");
        var due = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + UntilDue).ToUnixTimeSeconds() + (jobs / JobMaker.PerSecond));
        var ids = Enumerable.Range(0, jobs).Select(i => string.Create(CultureInfo.InvariantCulture, $"{name}-{i}")).ToList();
        await JobMaker.MakeAsync(installation, ids.Select(id => new
        {
            id,
            schedule = new { at = due.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) },
            target = new { nats = new { subject = $"{Subject}.{name}" } },
        }));
        var left = due - TimeProvider.System.GetUtcNow();
        if (left < TimeSpan.Zero)
            throw new InvalidOperationException("The jobs were not made in time.");

        await listener.UntilAsync(jobs, left + Patience);
        await Task.Delay(Settle, TimeProvider.System);
        var measured = Measured.Of(ids.ConvertAll(id => string.Create(CultureInfo.InvariantCulture, $"{id}@{due:yyyyMMdd'T'HHmmss'Z'}")), listener.Received(due));
        return measured with { ExecutionsPerSecond = Math.Round(jobs / (measured.LatenessMaxMs / 1_000)) };
    }

    /// <summary>Hears the messages: which execution each is of, and when it came.</summary>
    private sealed class Listener : IAsyncDisposable
    {
        private readonly List<(string Execution, DateTimeOffset At)> _heard = [];
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _listening;
        private readonly SemaphoreSlim _enough = new(0);
        private int _wanted = int.MaxValue;

        private Listener(INatsSub<byte[]> subscription) => _listening = ListenAsync(subscription);

        public static async Task<Listener> StartAsync(NatsConnection nats, string subject)
        {
            var subscription = await nats.SubscribeCoreAsync<byte[]>(subject, opts: new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = 1_000_000 } });
            await nats.PingAsync();
            return new Listener(subscription);
        }

        public async Task UntilAsync(int count, TimeSpan patience)
        {
            lock (_heard)
            {
                _wanted = count;
                if (_heard.Count >= count)
                    return;
            }

            if (!await _enough.WaitAsync(patience))
                throw new TimeoutException($"{_heard.Count} of {count} messages came within {patience.TotalSeconds} s.");
        }

        public IReadOnlyList<(string ExecutionId, TimeSpan Lateness)> Received(DateTimeOffset due)
        {
            lock (_heard)
                return [.. _heard.Select(one => (one.Execution, one.At - due))];
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _listening;
            _stop.Dispose();
            _enough.Dispose();
        }

        private async Task ListenAsync(INatsSub<byte[]> subscription)
        {
            await using (subscription)
            {
                try
                {
                    await foreach (var message in subscription.Msgs.ReadAllAsync(_stop.Token))
                        Hear(message.Headers!["CronCloud-Execution"]!);
                }
                catch (OperationCanceledException) when (_stop.IsCancellationRequested)
                {
                    // Nobody listens any more.
                }
            }
        }

        private void Hear(string execution)
        {
            lock (_heard)
            {
                _heard.Add((execution, TimeProvider.System.GetUtcNow()));
                if (_heard.Count == _wanted)
                    _enough.Release();
            }
        }
    }
}
