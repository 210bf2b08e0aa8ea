using System.Text.Json;
using CronCloud.Core.History;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.History;

/// <summary>Writes outcomes into history, many rows at once. A row written twice is one row.</summary>
public sealed partial class HistoryWriter(IOutcomeStream outcomes, IHistory history, TimeProvider time, ILogger<HistoryWriter> logger) : ILoop
{
    private const int BatchSize = 5_000;
    private static readonly TimeSpan PullWait = TimeSpan.FromSeconds(1);

    /// <summary>Between writes: large inserts cost history far less than many small ones, and half a second is soon enough to see.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(500);

    public string Name => "history writer";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var deliveries = await outcomes.PullAsync(OutcomeReader.History, BatchSize, PullWait, cancellation);
        var rows = deliveries.Select(Read).OfType<HistoryRow>().ToList();
        await deliveries.CompleteAsync(() => rows.Count > 0 ? deliveries.HoldAsync(history.WriteAsync(rows, cancellation), time, cancellation) : Task.CompletedTask, cancellation);
        return deliveries.Count is > 0 and < BatchSize ? Gather : TimeSpan.Zero;
    }

    private HistoryRow? Read(Delivery delivery)
    {
        try
        {
            return HistoryRow.Of(Outcome.FromJson(delivery.Body.Span));
        }
        catch (JsonException unreadable)
        {
            LogUnreadable(unreadable.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A message on the outcome stream is no outcome and is taken out: {Reason}")]
    private partial void LogUnreadable(string reason);
}
