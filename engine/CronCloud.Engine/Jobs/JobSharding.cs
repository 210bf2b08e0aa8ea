using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using CronCloud.Core.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Jobs;

/// <summary>Spreads the actors of jobs over the nodes with the scheduler role. A job's shard is its partition.</summary>
public static class JobSharding
{
    private const string TypeName = "jobs";

    /// <summary>For nodes that host jobs.</summary>
    public static AkkaConfigurationBuilder AddJobs(this AkkaConfigurationBuilder akka, string role) => akka
        .WithCustomSerializer("croncloud-jobs", JobMessageSerializer.Types, system => new JobMessageSerializer(system))
        .WithShardRegion<JobActor>(
            TypeName,
            (_, _, resolver) =>
            {
                var services = resolver.GetService<IServiceProvider>();
                var props = JobActor.Props(services.GetRequiredService<JobBook>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILoggerFactory>());
                return _ => props;
            },
            new ByPartition(),
            new ShardOptions { Role = role, StateStoreMode = StateStoreMode.DData, RememberEntities = false });

    /// <summary>For nodes that only send to jobs.</summary>
    public static AkkaConfigurationBuilder AddJobsProxy(this AkkaConfigurationBuilder akka, string role) => akka
        .WithCustomSerializer("croncloud-jobs", JobMessageSerializer.Types, system => new JobMessageSerializer(system))
        .WithShardRegionProxy<JobActor>(TypeName, role, new ByPartition());

    private sealed class ByPartition : IMessageExtractor
    {
        public string? EntityId(object message) => (message as IForJob)?.Key.ToString();

        public object EntityMessage(object message) => message;

        public string? ShardId(object message) => (message as IForJob)?.Key.Partition.ToString(System.Globalization.CultureInfo.InvariantCulture);

        public string ShardId(string entityId, object? messageHint = null)
        {
            var slash = entityId.IndexOf('/', StringComparison.Ordinal);
            return new JobKey(entityId[..slash], entityId[(slash + 1)..]).Partition.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
