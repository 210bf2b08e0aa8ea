using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.Redis.StackExchange;
using StackExchange.Redis;

namespace CronCloud.Peers;

/// <summary>Hangfire, on Redis or PostgreSQL. What is set here and from which page of its documentation is in the README of the peers.</summary>
internal sealed class HangfirePeer : IPeer
{
    private const int WorkersPerCore = 20;
    private const int MakersAtOnce = 16;
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private readonly JobStorage _storage;

    private HangfirePeer(JobStorage storage)
    {
        _storage = storage;
        GlobalConfiguration.Configuration
            .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
            .UseSimpleAssemblyNameTypeSerializer()
            .UseRecommendedSerializerSettings()
            .UseStorage(storage);
    }

    public static HangfirePeer OnRedis(string connection) =>
        new(new RedisStorage(ConnectionMultiplexer.Connect(connection), new RedisStorageOptions { Prefix = "{hangfire}:" }));

    public static HangfirePeer OnPostgres(string connection)
    {
        var options = new PostgreSqlStorageOptions { QueuePollInterval = PollInterval, EnableLongPolling = true };
        return new HangfirePeer(new PostgreSqlStorage(new Hangfire.PostgreSql.Factories.NpgsqlConnectionFactory($"{connection};Maximum Pool Size=90", options), options));
    }

    public Task<IAsyncDisposable> WorkAsync() => Task.FromResult<IAsyncDisposable>(new Server(new BackgroundJobServer(
        new BackgroundJobServerOptions
        {
            WorkerCount = Environment.ProcessorCount * WorkersPerCore,
            SchedulePollingInterval = PollInterval,
            MaxDegreeOfParallelismForSchedulers = Environment.ProcessorCount,
        },
        _storage)));

    public Task MakeHerdAsync(string name, int jobs, DateTimeOffset due)
    {
        var client = new BackgroundJobClient(_storage);
        return MakeAsync(jobs, i => client.Schedule(() => HangfireJob.PostDelayedAsync($"{name}-{i}", due.ToUnixTimeMilliseconds()), due));
    }

    public Task MakeSteadyAsync(string name, int jobs, DateTimeOffset start)
    {
        var recurring = new RecurringJobManager(_storage);
        return MakeAsync(jobs, i => recurring.AddOrUpdate($"{name}-{i}", () => HangfireJob.PostRecurringAsync($"{name}-{i}", null!), "* * * * * *"));
    }

    private static Task MakeAsync(int jobs, Action<int> make) =>
        Parallel.ForAsync(0, jobs, new ParallelOptions { MaxDegreeOfParallelism = MakersAtOnce }, (i, _) =>
        {
            make(i);
            return ValueTask.CompletedTask;
        });

    private sealed class Server(BackgroundJobServer server) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            server.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
