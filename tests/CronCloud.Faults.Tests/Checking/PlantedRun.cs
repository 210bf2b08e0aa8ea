using CronCloud.Faults.Checking;
using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

/// <summary>A run as it should be, one job at each second for ten seconds, for a test to plant something in.</summary>
internal sealed class PlantedRun
{
    public const string Job = "tick";

    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly JobShape Shape = new() { Plan = new Plan.Every(TimeSpan.FromSeconds(1), Start), Path = "/ok/tick", MaxRetries = 2 };

    public PlantedRun(JobShape? shape = null)
    {
        Operations.Add(new Operation(Job, OperationKind.Put, shape ?? Shape, At(-1), At(-0.9), OperationResult.Ok));
        for (var second = 0; second <= 10; second++)
            Deliver(second);
    }

    public List<Delivery> Deliveries { get; } = [];

    public List<Operation> Operations { get; } = [];

    public List<FaultWindow> Windows { get; } = [];

    public TimeSpan Slack { get; set; }

    public List<JobReading> Readings { get; } = [];

    public List<RecordedExecution>? History { get; set; }

    public StoredState? Stored { get; set; }

    public static DateTimeOffset At(double second) => Start.AddSeconds(second);

    /// <summary>A request for the due time at that second, so late, answered after so long.</summary>
    public Delivery Deliver(double second, double late = 0.01, int attempt = 1, int answer = 200, double takes = 0.001, string path = "/ok/tick")
    {
        var execution = $"{Job}@{At(second):HHmmss.fff}";
        var delivery = new Delivery
        {
            Number = Deliveries.Count + 1,
            At = At(second + late),
            EndedAt = At(second + late + takes),
            Path = path,
            Job = Job,
            Execution = execution,
            ScheduledAt = At(second),
            Key = execution,
            Attempt = attempt,
            Answer = answer,
        };
        Deliveries.Add(delivery);
        return delivery;
    }

    public void Remove(double second) => Deliveries.RemoveAll(d => d.ScheduledAt == At(second));

    public void Replace(double second, Func<Delivery, Delivery> change) => Deliveries[Deliveries.FindIndex(d => d.ScheduledAt == At(second))] = change(Deliveries.First(d => d.ScheduledAt == At(second)));

    public void Do(OperationKind kind, double from, double? until, OperationResult result, JobShape? shape = null) =>
        Operations.Add(new Operation(Job, kind, shape, At(from), until is { } end ? At(end) : null, result));

    /// <summary>History as the deliveries imply it.</summary>
    public void Record() => History = [.. Deliveries.GroupBy(d => d.Execution).Select(e => new RecordedExecution(
        Job, e.Key, e.First().ScheduledAt, e.Last().Failed ? "deadLettered" : "succeeded", [.. e.Select(d => new RecordedAttempt(d.Attempt, d.Failed ? "failed" : "succeeded", d.Answer, null, d.At))]))];

    /// <summary>What the servers hold at second 20, as the run implies it.</summary>
    public void Store(Func<StoredState, StoredState>? change = null)
    {
        var stored = new StoredState
        {
            From = At(20),
            Until = At(20.5),
            Jobs = [new StoredJob(Job, 1, Active: true, "/ok/tick", [1])],
            Entries = [new StoredEntry(Job, EntryKind.Next, 1, At(21))],
            Flights = [new StoredFlight("default/tick@12:00:20#1", At(90))],
            Readers = [new StoredReader("OUTCOMES/settler", 10, 12)],
            CountedMissed = 0,
        };
        Stored = change is null ? stored : change(stored);
    }

    public CheckReport Check() => Checker.Check(new Observed
    {
        Deliveries = Deliveries,
        Operations = Operations,
        Windows = Windows,
        Slack = Slack,
        From = At(0),
        Until = At(10),
        ReadAt = At(30),
        History = History,
        Readings = Readings,
        Stored = Stored,
    });

    /// <summary>The one violation that was planted, and no other.</summary>
    public Violation Only(string invariant)
    {
        var violation = Assert.Single(Check().Violations);
        Assert.Equal(invariant, violation.Invariant);
        return violation;
    }
}
