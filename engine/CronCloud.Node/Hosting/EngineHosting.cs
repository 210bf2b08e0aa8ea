using Akka.Actor;
using Akka.Hosting;
using CronCloud.Core.Alerts;
using CronCloud.Core.Clocks;
using CronCloud.Core.Cluster;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Streams;
using CronCloud.Engine.Alerts;
using CronCloud.Engine.Clocks;
using CronCloud.Engine.Due;
using CronCloud.Engine.Executing;
using CronCloud.Engine.History;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Ledger;
using CronCloud.Engine.Loops;
using CronCloud.Engine.Outcomes;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Node.Hosting;

/// <summary>The actors of the pipeline, in the order in which the data flows; a node runs those of its roles.</summary>
internal static class EngineHosting
{
    public const string SystemName = "croncloud";

    public static void AddEngine(this IServiceCollection services, NodeSettings settings)
    {
        services.AddSingleton(new NodeName(settings.NodeName));
        services.AddSingleton(settings.Targets);
        services.AddSingleton(settings.Worker);
        services.AddSingleton(s => new JobBook(s.GetRequiredService<IJobStore>(), s.GetRequiredService<IPendingStore>(), s.GetRequiredService<ICheckpointStore>(), s.GetRequiredService<IDueIndex>(), NewNonce, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<JobImport>();
        services.AddSingleton<KnownStarts>();
        services.AddTransient<KnownEnds>();
        services.AddSingleton<Known>();
        services.AddSingleton<PartitionBuilder>();
        services.AddSingleton<RecordedEdits>();
        services.AddSingleton<Dispatcher>();
        services.AddSingleton<LostFlights>();
        services.AddSingleton<CatchUpBudget>();
        services.AddSingleton<IndexWatch>();
        services.AddSingleton<DispatchPace>();
        services.AddSingleton<DuePartitionParts>();
        services.AddSingleton(s => s.GetRequiredService<DuePartitionParts>().Backlog);
        services.AddSingleton<Findings>();
        services.AddSingleton<RecordScan>();
        services.AddSingleton<ChangeScan>();
        services.AddSingleton<InvariantScan>();
        services.AddSingleton<OpenOccurrences>();
        services.AddSingleton<LedgerParts>();
        services.AddSingleton<LedgerAlarm>();
        services.AddSingleton<LedgerScan>();
        services.AddSingleton<ExecutionEvents>();
        services.AddSingleton<Redrive>();
        services.AddSingleton(s => new ClockGuard(s.GetRequiredService<DisciplinedClock>(), TimeProvider.System, s.GetServices<IReferenceClock>(), s.GetRequiredService<ILogger<ClockGuard>>()));
        services.AddSingleton<AnswerPruning>();
        services.AddSingleton<Checkpoints>();
        services.AddSingleton(s => new PartitionOwner(settings.NodeName, s.GetRequiredService<IPartitionLeases>(), s.GetRequiredService<IRoster>(), s.GetRequiredService<TimeProvider>(), () => s.GetRequiredService<ClockGuard>().IsTrusted));
        services.AddSingleton<ITargetCaller>(s => new HttpTargetCaller(settings.Targets, s.GetRequiredService<TimeProvider>(), settings.Alerts.SigningKey));
        services.AddSingleton<Rehearsal>();
        services.AddSingleton<Worker>();
        services.AddSingleton<Heartbeat>();
        services.AddSingleton<Settler>();
        services.AddSingleton<HistoryWriter>();
        services.AddSingleton<HistoryMinutes>();
        services.AddSingleton<HistoryTakeIn>();
        services.AddSingleton<HistoryPruning>();
        services.AddSingleton(s => new IncidentReader(s.GetRequiredService<IOutcomeStream>(), s.GetRequiredService<IIncidentStore>(), NewIncidentId, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<IncidentReader>>()));
        services.AddSingleton<IncidentClosing>();
        services.AddSingleton<IncidentPruning>();
        services.AddSingleton<Addresser>();
        services.AddSingleton<Composer>();
        services.AddSingleton<Notifier>();
        services.AddSingleton<ClockGauges>();
        services.AddSingleton<PartitionGauges>();
        services.AddSingleton<WorkerGauges>();
        services.AddSingleton<StreamDepths>();
        services.AddAkka(SystemName, (akka, provider) => akka.Compose(settings, provider));
    }

    private static void Compose(this AkkaConfigurationBuilder akka, NodeSettings settings, IServiceProvider services)
    {
        akka.ConfigureLoggers(logging =>
        {
            logging.ClearLoggers();
            logging.LogLevel = Akka.Event.LogLevel.WarningLevel;
            logging.AddLoggerFactory();
        });
        akka.AddHocon(
            """
            akka.coordinated-shutdown.default-phase-timeout = 10s
            akka.coordinated-shutdown.phases.before-service-unbind.timeout = 40s
            akka.coordinated-shutdown.exit-clr = off
            """,
            HoconAddMode.Prepend);
        akka.WithActors((system, registry, _) =>
        {
            StartScheduler(system);
            StartLoops(system, registry, settings, services);
        });
    }

    /// <summary>
    /// Akka's scheduler begins on the thread pool when it is first asked for a timer, and whoever asks meanwhile blocks a thread: hundreds of actors that start at once would leave none to begin it on,
    /// and the process would stand still until the pool had grown by as many threads, which takes minutes.
    /// </summary>
    private static void StartScheduler(ActorSystem system) => system.Scheduler.Advanced.ScheduleOnce(TimeSpan.Zero, () => { });

    private static void StartLoops(ActorSystem system, IActorRegistry registry, NodeSettings settings, IServiceProvider services)
    {
        var loggers = services.GetRequiredService<ILoggerFactory>();
        IActorRef Loop<T>(string name)
            where T : ILoop => system.ActorOf(LoopActor.Props(services.GetRequiredService<T>(), loggers), name);

        EngineInstruments.Begin(settings.Roles);
        Loop<ClockGuard>("clock-guard");
        services.GetRequiredService<ClockGauges>();
        if (settings.Has("scheduler"))
        {
            var partitions = system.ActorOf(
                PartitionsActor.Props(services.GetRequiredService<PartitionOwner>(), services.GetRequiredService<IDueIndex>(), partition => DuePartitionOf(partition, services), loggers),
                "partitions");
            Loop<IndexWatch>("index-watch");
            Loop<CatchUpBudget>("catch-up-budget");
            Loop<Checkpoints>("checkpoints");
            var settler = Loop<Settler>("settler");
            Loop<ChangeScan>("change-scan");
            Loop<InvariantScan>("invariant-scan");
            Loop<RecordScan>("record-scan");
            Loop<IncidentClosing>("incident-closing");
            var notifier = Loop<Notifier>("notifier");
            DrainAtStop(system, "notifier", () => notifier.Ask<LoopActor.Drained>(LoopActor.Drain.Now, TimeSpan.FromSeconds(15)));
            foreach (var kind in Enum.GetValues<ChannelKind>())
            {
                var courier = system.ActorOf(LoopActor.Props(ActivatorUtilities.CreateInstance<Courier>(services, kind), loggers), $"courier-{kind.ToString().ToLowerInvariant()}");
                DrainAtStop(system, $"courier-{kind}", () => courier.Ask<LoopActor.Drained>(LoopActor.Drain.Now, TimeSpan.FromSeconds(30)));
            }

            if (settings.Alerts.Heartbeat is not null)
                Loop<HeartbeatPing>("heartbeat-ping");
            Loop<LedgerScan>("ledger-scan");
            Loop<StreamDepths>("stream-depths");
            services.GetRequiredService<PartitionGauges>();
            DrainAtStop(system, "settler", () => settler.Ask<LoopActor.Drained>(LoopActor.Drain.Now, TimeSpan.FromSeconds(15)));
            DrainAtStop(system, "partitions", () => partitions.Ask<LoopActor.Drained>(LoopActor.Drain.Now, TimeSpan.FromSeconds(15)));
        }

        if (settings.Has("worker"))
        {
            var worker = Loop<Worker>("worker");
            Loop<Heartbeat>("heartbeat");
            services.GetRequiredService<WorkerGauges>();
            DrainAtStop(system, "worker", async () =>
            {
                Task drained = worker.Ask<LoopActor.Drained>(LoopActor.Drain.Now, TimeSpan.FromSeconds(5));
                await drained.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // also without an answer what it holds is to be given back
                await services.GetRequiredService<Worker>().DrainAsync(TimeSpan.FromSeconds(20));
            });
        }

        if (settings.Has("gateway"))
        {
            registry.Register<JobsActor>(system.ActorOf(JobsActor.Props(services.GetRequiredService<JobBook>(), services.GetRequiredService<TimeProvider>(), loggers), "jobs"));
            Loop<AnswerPruning>("answer-pruning");
        }

        if (settings.Has("recorder"))
        {
            Loop<HistoryMinutes>("history-minutes");
            Loop<HistoryTakeIn>("history-take-in");
            Loop<HistoryPruning>("history-pruning");
            var history = Loop<HistoryWriter>("history");
            Loop<IncidentPruning>("incident-pruning");
            var incidents = Loop<IncidentReader>("incidents");
            DrainAtStop(system, "incidents", () => incidents.Ask<LoopActor.Drained>(LoopActor.Drain.Now, TimeSpan.FromSeconds(20)));
            DrainAtStop(system, "history", () => history.Ask<LoopActor.Drained>(LoopActor.Drain.Now, TimeSpan.FromSeconds(20)));
        }
    }

    /// <summary>Stop scanning and hand leases over, finish or hand back what runs.</summary>
    private static void DrainAtStop(ActorSystem system, string name, Func<Task> drain) =>
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, $"drain-{name}", async () =>
        {
            await drain();
            return Akka.Done.Instance;
        });

    private static DuePartition DuePartitionOf(int partition, IServiceProvider services) =>
        new(partition, services.GetRequiredService<DuePartitionParts>(), services.GetRequiredService<TimeProvider>());

    private static string NewIncidentId() => $"inc-{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8))}";

    private static string NewNonce() => Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4));
}
