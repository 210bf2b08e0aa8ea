using CronCloud.Backends.DueIndex;
using CronCloud.Backends.History;
using CronCloud.Backends.Sql;
using CronCloud.Backends.Streams;
using CronCloud.Core.Alerts;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Ledger;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Clocks;
using CronCloud.Engine.Due;
using CronCloud.Engine.Executing;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Outcomes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests;

/// <summary>The pipeline's classes on the twins, under a time that the test moves.</summary>
internal sealed class Pipeline : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    public static readonly CancellationToken None = CancellationToken.None;
    private static readonly JobKey Key = new("t", "job");

    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-engine-").FullName;
    private readonly SqliteStreamFile _streams;
    private readonly SqlDatabase _database;
    private int _nonce;

    private Pipeline()
    {
        _streams = new SqliteStreamFile(Path.Combine(_folder, "streams.db"), Time);
        _database = SqlDatabase.Sqlite(Path.Combine(_folder, "record.db"));
        Queue = new FaultyQueue(new SqliteExecutionQueue(_streams));
        Outcomes = new SqliteOutcomeStream(_streams);
        Index = new FaultyIndex(new MemoryDueIndex());
        Jobs = new FaultyJobs(new SqlJobStore(_database));
        Pending = new SqlPendingStore(_database);
        PendingSeam = new FaultyPending(Pending);
        CheckpointStore = new SqlCheckpointStore(_database);
        DeadLetters = new SqlDeadLetterStore(_database);
        History = new SqliteHistory(HistoryPath, Time);
        Incidents = new SqlIncidentStore(_database);
        Notifications = new SqlNotificationStore(_database);
        CatchUp = new CatchUpBudget(Queue);
        Clock = new ClockGuard(new DisciplinedClock(Time), Time, [], NullLogger<ClockGuard>.Instance);
        Book = new JobBook(Jobs, Pending, CheckpointStore, Index, () => $"{++_nonce}", Time);
    }

    public FakeTimeProvider Time { get; } = new(Start);

    public FaultyQueue Queue { get; }

    public IOutcomeStream Outcomes { get; }

    public FaultyIndex Index { get; }

    public FaultyJobs Jobs { get; }

    public IPendingStore Pending { get; }

    /// <summary>The record of pending executions as the settler sees it.</summary>
    public FaultyPending PendingSeam { get; }

    public ICheckpointStore CheckpointStore { get; }

    public IDeadLetterStore DeadLetters { get; }

    public SqliteHistory History { get; }

    public string HistoryPath => Path.Combine(_folder, "history.db");

    /// <summary>The record of what jobs were when, and of closed hours.</summary>
    public IRevisionLog Revisions => new SqlRevisionLog(_database);

    public ILedgerStore Ledger => new SqlLedgerStore(_database);
    public IIncidentStore Incidents { get; }

    public INotificationStore Notifications { get; }

    public CatchUpBudget CatchUp { get; }

    public ClockGuard Clock { get; }

    public JobBook Book { get; }

    public static int Partition => Key.Partition;

    public static string EntryKey => Key.ToString();

    public static async Task<Pipeline> OpenAsync()
    {
        var pipeline = new Pipeline();
        await pipeline._streams.OpenAsync(None);
        await pipeline._database.OpenAsync(None);
        await pipeline.History.OpenAsync(None);
        await pipeline.Clock.RunOnceAsync(None);
        return pipeline;
    }

    /// <summary>Of a node whose change scan has just looked, whenever that is.</summary>
    public Checkpoints NewCheckpoints()
    {
        var checkpoints = new Checkpoints(CheckpointStore, Time);
        checkpoints.Armed(Enumerable.Range(0, Partitions.Count).ToDictionary(partition => partition, _ => Start.AddYears(1)));
        return checkpoints;
    }

    public KnownStarts NewKnownStarts() => new(History, DeadLetters, Time, NullLogger<KnownStarts>.Instance);

    public KnownEnds NewKnownEnds() => new(History, DeadLetters, Time, NullLogger<KnownEnds>.Instance);

    public Known NewKnown() => new(NewKnownStarts(), NewKnownEnds());

    public DuePartition NewPartition(Checkpoints? checkpoints = null) => new(Partition, NewParts(checkpoints), Time);

    public DuePartitionParts NewParts(Checkpoints? checkpoints = null)
    {
        var edits = new RecordedEdits(Index, Jobs, Time, NullLogger<RecordedEdits>.Instance);
        var dispatcher = new Dispatcher(Index, Queue, Outcomes, Pending, edits, new NodeName("node"), Time, NullLogger<Dispatcher>.Instance);
        var lost = new LostFlights(Index, dispatcher, Queue, Outcomes, History, Time, NullLogger<LostFlights>.Instance);
        var builder = new PartitionBuilder(Index, Jobs, Pending, CheckpointStore, NewKnown(), Time, NullLogger<PartitionBuilder>.Instance);
        return new DuePartitionParts(Index, edits, dispatcher, lost, builder, checkpoints ?? NewCheckpoints(), CatchUp, new IndexWatch(Index), new DispatchPace(Time), Clock);
    }

    /// <summary>All partitions' parts of the index are built, as they are.</summary>
    public async Task MarkBuiltAsync()
    {
        for (var partition = 0; partition < Partitions.Count; partition++)
            await Index.EndBuildAsync(partition, await Index.BeginBuildAsync(partition, None), await Index.ReadIncarnationAsync(None), None);
    }

    /// <summary>The only owner: it holds all partitions.</summary>
    public async Task<PartitionOwner> NewOwnerAsync()
    {
        var leases = new MemoryLeases(Time);
        var owner = new PartitionOwner("node", leases, leases, Time);
        await owner.RunOnceAsync([], None);
        return owner;
    }

    public Settler NewSettler() => new(Outcomes, Index, PendingSeam, DeadLetters, NewKnownEnds(), new ExecutionEvents([]), Time, NullLogger<Settler>.Instance);

    /// <summary>Runs it until there is nothing to do now: an index that is not built yet is.</summary>
    public static async Task RunAsync(DuePartition partition)
    {
        for (var runs = 0; runs < 10_000; runs++)
        {
            if (await partition.RunOnceAsync(None) is var sleep && sleep > TimeSpan.Zero && sleep != DuePartition.BuildPause)
                return;
        }

        throw new InvalidOperationException("The partition does not come to rest.");
    }

    /// <summary>The same after each of so many seconds.</summary>
    public async Task RunAsync(DuePartition partition, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await RunAsync(partition);
        }
    }

    public async Task<Job> WriteJobAsync(ScheduleSpec schedule, RetryPolicy? retry = null, CatchUp? catchUp = null, Overlap overlap = Overlap.Allow, JobKey? key = null)
    {
        var reply = await Book.ChangeAsync(
            new ChangeJob
            {
                Tenant = Key.Tenant,
                Id = (key ?? Key).Id,
                Action = JobAction.Put,
                By = "test",
                Definition = new JobDefinition { Schedule = schedule, Target = new Target { Http = new HttpTarget { Url = "https://example.com" } }, Retry = retry ?? RetryPolicy.Default, CatchUp = catchUp ?? Core.Jobs.CatchUp.Default, Overlap = overlap },
            },
            None);
        return reply.Job!;
    }

    public Task<JobReply> ChangeAsync(JobAction action) => Book.ChangeAsync(new ChangeJob { Tenant = Key.Tenant, Id = Key.Id, Action = action, By = "test" }, None);

    public static ScheduleSpec EverySecond => new() { Every = TimeSpan.FromSeconds(1), Anchor = Start.AddYears(-1) };

    /// <summary>Takes and acknowledges all that is queued.</summary>
    public async Task<List<Execution>> TakeAsync()
    {
        var executions = new List<Execution>();
        while (await Queue.PullAsync(100, TimeSpan.Zero, None) is { Count: > 0 } deliveries)
        {
            foreach (var delivery in deliveries)
            {
                executions.Add(Execution.FromJson(delivery.Body.Span));
                await delivery.AcknowledgeAsync(None);
            }
        }

        return executions;
    }

    public Task PublishAsync(Outcome outcome) => Outcomes.PublishAsync([new StreamMessage(outcome.Execution.AttemptId, Partition, outcome.ToJson())], None);

    public Outcome OutcomeOf(Execution execution, AttemptResult result, int? status = null) => new()
    {
        Execution = execution,
        Result = result,
        StatusCode = status,
        StartedAt = Time.GetUtcNow(),
        DurationMs = 0,
        Node = "node",
    };

    /// <summary>History has outcomes of the job's occurrences, by seconds from the start.</summary>
    public Task RecordAsync(Job job, params (int Second, AttemptResult Result)[] outcomes) => History.WriteAsync(
        [.. outcomes.Select(o => HistoryRow.Of(OutcomeOf(DuePlan.ExecutionOf(DueJob.Of(job), job.Version, Start.AddSeconds(o.Second), TraceParent.New()), o.Result)))],
        None);

    /// <summary>Another file in its place has no tables.</summary>
    public void TakeHistoryAway()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        File.Move(HistoryPath, HistoryPath + ".away");
    }

    public void BringHistoryBack()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        File.Move(HistoryPath + ".away", HistoryPath, overwrite: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _streams.DisposeAsync();
        _database.Dispose();
        History.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }
}
