using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Tests.Telemetry;

/// <summary>What counts as late. Instruments are shared by all tests of the process: these look for lateness of a million seconds.</summary>
public sealed class LatenessMetricsTests : IDisposable
{
    private const double Unheard = 1_000_000;

    private readonly DateTimeOffset _now = Pipeline.Start;
    private readonly ConcurrentQueue<(string Stage, string Overlap, double Seconds)> _measured = [];
    private readonly MeterListener _listener = new();

    public LatenessMetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "croncloud.execution.lateness")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
        {
            if (seconds >= Unheard)
                _measured.Enqueue(((string)tags[0].Value!, (string)tags[1].Value!, seconds));
        });
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void The_first_attempt_counts_at_each_of_three_points()
    {
        var execution = Late(1);

        LatenessMetrics.Dispatched(execution, _now);
        LatenessMetrics.Started(execution, 0, _now.AddSeconds(1));
        LatenessMetrics.Settled(execution, _now.AddSeconds(2));

        Assert.Equal([("dispatched", "skip", Unheard), ("started", "skip", Unheard + 1), ("settled", "skip", Unheard + 2)], _measured);
    }

    [Fact]
    public void Retries_redrives_and_second_dispatches_do_not_count()
    {
        LatenessMetrics.Dispatched(Late(1) with { Redispatch = 1 }, _now);
        foreach (var execution in new[] { Late(2), Late(3) with { FirstAttempt = 3 } })
        {
            LatenessMetrics.Dispatched(execution, _now);
            LatenessMetrics.Started(execution, 0, _now);
            LatenessMetrics.Settled(execution, _now);
        }

        Assert.Empty(_measured);
    }

    [Theory]
    [InlineData(Trigger.Manual)]
    [InlineData(Trigger.Event)]
    [InlineData(Trigger.Backfill)]
    [InlineData(Trigger.Redrive)]
    public void What_no_schedule_named_is_not_late(Trigger trigger)
    {
        var execution = Late(1) with { Trigger = trigger };

        LatenessMetrics.Dispatched(execution, _now);
        LatenessMetrics.Started(execution, 0, _now);
        LatenessMetrics.Settled(execution, _now);

        Assert.Empty(_measured);
    }

    [Fact]
    public void An_attempt_starts_once_however_many_workers_have_it()
    {
        LatenessMetrics.Started(Late(1), 1, _now);
        LatenessMetrics.Started(Late(1) with { Returns = 1 }, 0, _now);
        LatenessMetrics.Started(Late(1) with { Redispatch = 1 }, 0, _now);
        Assert.Empty(_measured);

        LatenessMetrics.Started(Late(1), 0, _now);
        Assert.Single(_measured);
    }

    [Fact]
    public void An_attempt_that_was_put_off_was_none_and_the_next_one_is_the_first()
    {
        LatenessMetrics.Started(Late(2) with { PutOffs = 1 }, 0, _now);

        Assert.Equal([("started", "skip", Unheard)], _measured);
    }

    private Execution Late(int attempt) => new()
    {
        Tenant = "t",
        JobId = "job",
        JobVersion = 1,
        ExecutionId = ExecutionId.Of("job", _now.AddSeconds(-Unheard)),
        ScheduledAt = _now.AddSeconds(-Unheard),
        Trigger = Trigger.Schedule,
        Attempt = attempt,
        Target = new Target(),
        Retry = RetryPolicy.Default,
        Overlap = Overlap.Skip,
        TraceParent = TraceParent.New(),
    };
}
