using System.Diagnostics.Metrics;
using CronCloud.Backends.History;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Ledger;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Due;
using CronCloud.Engine.History;
using CronCloud.Engine.Ledger;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Ledger;

/// <summary>The pipeline with a ledger: jobs run, outcomes go into history, and the hours are closed behind them.</summary>
internal sealed class LedgerBench : IAsyncDisposable
{
    public static readonly ScheduleSpec EveryTenMinutes = new() { Every = TimeSpan.FromMinutes(10), Anchor = Pipeline.Start.AddYears(-1) };
    public static readonly DateTimeOffset Three = Pipeline.Start;
    public static readonly DateTimeOffset Four = Three.AddHours(1);
    public static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly LogLines _log = new();
    private readonly HistoryWriter _writer;
    private readonly DuePartition _partition;
    private readonly LedgerScan _scan;

    private LedgerBench(Pipeline pipeline, PartitionOwner owner)
    {
        Pipeline = pipeline;
        _writer = new HistoryWriter(pipeline.Outcomes, pipeline.History, pipeline.Time, NullLogger<HistoryWriter>.Instance);
        _partition = pipeline.NewPartition();
        Alarm = new LedgerAlarm(pipeline.Time, _log);
        Parts = new LedgerParts(pipeline.Revisions, new SqliteLedger(pipeline.HistoryPath), pipeline.History, new OpenOccurrences(pipeline.Index));
        _scan = new LedgerScan(owner, Parts, pipeline.Ledger, pipeline.Outcomes, Alarm, pipeline.Time);
        Days = new LedgerDays(Parts, pipeline.Ledger, pipeline.Time, pipeline.Outcomes);
    }

    public Pipeline Pipeline { get; }

    public LedgerParts Parts { get; }

    public LedgerAlarm Alarm { get; }

    public LedgerDays Days { get; }

    /// <summary>What operators were told.</summary>
    public IReadOnlyList<string> Told => _log.Lines;

    /// <summary>Outcomes of occurrences that are due then never reach history.</summary>
    public HashSet<DateTimeOffset> Lost { get; } = [];

    /// <summary>Workers are not there: what is dispatched stays without an outcome.</summary>
    public bool WorkersAreAway { get; set; }

    public bool HistoryIsAway { get; set; }

    public static async Task<LedgerBench> OpenAsync()
    {
        var pipeline = await Pipeline.OpenAsync();
        return new LedgerBench(pipeline, await pipeline.NewOwnerAsync());
    }

    /// <summary>A job every ten minutes has run from three to four o'clock, and that hour may be closed.</summary>
    public static async Task<LedgerBench> OpenAfterAnHourAsync()
    {
        var bench = await OpenAsync();
        await bench.Pipeline.WriteJobAsync(EveryTenMinutes);
        await bench.RunUntilAsync(Four + LedgerScan.Margin, Minute);
        return bench;
    }

    /// <summary>The time goes on to then, by steps of a length.</summary>
    public async Task RunUntilAsync(DateTimeOffset until, TimeSpan step)
    {
        await StepAsync();
        while (Pipeline.Time.GetUtcNow() < until)
        {
            Pipeline.Time.Advance(step);
            await StepAsync();
        }
    }

    /// <summary>The ledger does what there is to do.</summary>
    public async Task ScanAsync(int steps = int.MaxValue)
    {
        while (steps-- > 0 && await _scan.RunOnceAsync(Pipeline.None) < TimeSpan.FromSeconds(1))
        {
        }
    }

    public async Task<LedgerHour?> HourAsync(DateTimeOffset from) => (await Pipeline.Ledger.ReadAsync("t", from, from.AddHours(1), Pipeline.None)).SingleOrDefault();

    /// <summary>A row of history is gone, as if it had never been written.</summary>
    public async Task RemoveRowAsync(DateTimeOffset due)
    {
        await using var connection = new SqliteConnection($"Data Source={Pipeline.HistoryPath}");
        await connection.OpenAsync();
        await using var delete = new SqliteCommand("DELETE FROM attempts WHERE scheduled_at = $due", connection);
        delete.Parameters.AddWithValue("$due", due.ToUnixTimeMilliseconds());
        Assert.Equal(1, await delete.ExecuteNonQueryAsync());
    }

    /// <summary>History has a row that the pipeline did not write.</summary>
    public Task InventAsync(string job, DateTimeOffset due) => Pipeline.History.WriteAsync(
        [
            new HistoryRow
            {
                Tenant = "t",
                JobId = job,
                ExecutionId = ExecutionId.Of(job, due),
                ScheduledAt = due,
                Trigger = Trigger.Schedule,
                Attempt = 1,
                Status = ExecutionStatus.Succeeded,
                Result = AttemptResult.Succeeded,
                StartedAt = due,
                DurationMs = 1,
                Node = "node",
                TraceId = "0123456789abcdef0123456789abcdef",
            },
        ],
        Pipeline.None);

    public Task EndAsync(Execution execution, AttemptResult result = AttemptResult.Succeeded) =>
        Pipeline.Outcomes.PublishAsync([new StreamMessage(execution.MessageId, Pipeline.Partition, Pipeline.OutcomeOf(execution, result, 200).ToJson())], Pipeline.None);

    /// <summary>What is in the stream is settled, and written into history.</summary>
    public async Task SettleAsync()
    {
        while (await Pipeline.Outcomes.CountAsync(OutcomeReader.Settler, Pipeline.None) > 0)
            await Pipeline.NewSettler().RunOnceAsync(Pipeline.None);
        while (!HistoryIsAway && await Pipeline.Outcomes.CountAsync(OutcomeReader.History, Pipeline.None) > 0)
            await _writer.RunOnceAsync(Pipeline.None);
    }

    /// <summary>Other tests' ledgers tell theirs too: this one's alarm has a meter of its own, and only that is listened to.</summary>
    public double GaugeOf(string name)
    {
        var measured = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == name && instrument.Meter == Alarm.Meter)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => measured.Add(value));
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => measured.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        return Assert.Single(measured);
    }

    public async ValueTask DisposeAsync()
    {
        Alarm.Dispose();
        await Pipeline.DisposeAsync();
    }

    private async Task StepAsync()
    {
        await Pipeline.RunAsync(_partition);
        if (!WorkersAreAway)
        {
            foreach (var execution in (await Pipeline.TakeAsync()).Where(e => !Lost.Contains(e.ScheduledAt)))
                await EndAsync(execution);
        }

        await SettleAsync();
        foreach (var lost in Lost)
            await LandAsync(lost);
    }

    /// <summary>The index has forgotten it: a loss that nothing mends.</summary>
    public async Task LandAsync(DateTimeOffset due)
    {
        var flights = await Pipeline.Index.ReadFlightsAsync(Pipeline.Partition, DateTimeOffset.MaxValue, 100, Pipeline.None);
        foreach (var flight in flights.Where(f => Execution.FromJson(f.Payload.Span).ScheduledAt == due))
            await Pipeline.Index.LandAsync(Pipeline.Partition, [new Core.Due.Landing(flight.Id, null)], Pipeline.Time.GetUtcNow(), Pipeline.None);
    }

    private sealed class LogLines : ILogger<LedgerAlarm>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel} {eventId.Name}: {formatter(state, exception)}");
    }
}
