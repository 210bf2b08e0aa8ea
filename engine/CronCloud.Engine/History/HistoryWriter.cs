using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using CronCloud.Engine.Outcomes;
using CronCloud.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.History;

/// <summary>Writes outcomes into history, many rows at once. A row written twice is one row.</summary>
public sealed class HistoryWriter(IOutcomeStream outcomes, IHistory history, TimeProvider time, ILogger<HistoryWriter> logger) : ILoop
{
    private const int BatchSize = 5_000;
    private static readonly TimeSpan PullWait = TimeSpan.FromSeconds(1);

    /// <summary>Between writes: large inserts cost history far less than many small ones, and half a second is soon enough to see.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(500);

    /// <summary>From so many rows at once on, they are gathered for longer: each insert costs history a part to write and to merge.</summary>
    private const int Many = 250;
    private static readonly TimeSpan GatherMany = TimeSpan.FromSeconds(2);

    public string Name => "history writer";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var deliveries = await outcomes.PullAsync(OutcomeReader.History, BatchSize, PullWait, cancellation);
        var rows = deliveries.Read(outcome => new Row(HistoryRow.Of(outcome), outcome), logger).ConvertAll(message => message.Content);
        await deliveries.CompleteAsync(() => rows.Count > 0 ? deliveries.HoldAsync(WriteAsync(rows, cancellation), time, cancellation) : Task.CompletedTask, cancellation);
        return deliveries.Count is 0 or >= BatchSize ? TimeSpan.Zero : deliveries.Count < Many ? Gather : GatherMany;
    }

    private async Task WriteAsync(List<Row> rows, CancellationToken cancellation)
    {
        var (from, began) = (time.GetUtcNow(), time.GetTimestamp());
        try
        {
            await history.WriteAsync(rows.ConvertAll(row => row.Kept), cancellation);
        }
        catch
        {
            HistoryMetrics.Failed(time.GetElapsedTime(began));
            throw;
        }

        HistoryMetrics.Wrote(rows.Count, time.GetElapsedTime(began));
        var now = time.GetUtcNow();
        foreach (var row in rows)
        {
            HistoryMetrics.Recorded(now - row.Outcome.EndedAt);
            ExecutionTraces.Recorded(row.Outcome, rows.Count, from, now);
        }
    }

    private sealed record Row(HistoryRow Kept, Outcome Outcome);
}
