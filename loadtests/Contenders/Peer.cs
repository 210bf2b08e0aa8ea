using CronCloud.TestServers;

namespace CronCloud.LoadTests.Contenders;

/// <summary>What is known of a peer before it is started; <c>loadtests/peers/README.md</c> says why it is set up so.</summary>
/// <param name="Command">The program and its first arguments.</param>
/// <param name="Workers">Processes that work.</param>
/// <param name="Settings">For the result.</param>
internal sealed record Peer(string Name, (string Program, string[] Arguments) Command, Func<Task<Server>> StartServerAsync, int Workers, int MadePerSecondAtLeast, string Settings)
{
    public static readonly IReadOnlyList<string> Names = ["bullmq", "hangfire-redis", "hangfire-postgres", "quartz"];

    public static async Task<Peer> OfAsync(string name) => name switch
    {
        "bullmq" => new Peer(
            name, ("node", [await BullMq.InstallAsync()]), OnRedisAsync, Environment.ProcessorCount, 500,
            $"{BullMq.Versions()}; a worker process for each core, concurrency 200 each"),
        "hangfire-redis" => DotNet(name, OnRedisAsync, 1, 100, "Hangfire.Core 1.8.25, Hangfire.Redis.StackExchange 1.12.0; 20 workers for each core, schedules polled every second"),
        "hangfire-postgres" => DotNet(name, OnPostgresAsync, 1, 100, "Hangfire.Core 1.8.25, Hangfire.PostgreSql 1.21.1; 20 workers for each core, schedules polled every second, long polling"),
        "quartz" => DotNet(name, OnPostgresAsync, 2, 100, "Quartz 4.7.3; two clustered nodes, MaxConcurrency 50 each, batches as large as the pool"),
        _ => throw new ArgumentException($"There is no peer '{name}': {string.Join(", ", Names)}.", nameof(name)),
    };

    private static Peer DotNet(string name, Func<Task<Server>> server, int workers, int madePerSecond, string settings) =>
        new(name, ("dotnet", [Repository.Output("loadtests/peers/CronCloud.Peers", "CronCloud.Peers.dll"), name]), server, workers, madePerSecond, settings);

    private static async Task<Server> OnRedisAsync() => await RedisServer.StartAsync();

    private static async Task<Server> OnPostgresAsync() => await PostgresServer.StartAsync();
}
