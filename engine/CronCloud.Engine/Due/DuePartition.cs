using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Streams;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// One partition's loop: read what is due, publish it and wait for the acknowledgements, then advance. A crash in between publishes
/// again, to no effect. Attempts without an outcome by their deadline are published again under a new message id.
/// </summary>
public sealed partial class DuePartition(
    int partition,
    IDueIndex index,
    IExecutionQueue queue,
    PartitionBuilder builder,
    Checkpoints checkpoints,
    TimeProvider time,
    ILogger<DuePartition> logger) : ILoop
{
    /// <summary>Entries per round: one script call stays within milliseconds.</summary>
    public const int BatchSize = 500;

    /// <summary>How long a lost wake may go unnoticed.</summary>
    public static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);

    private DateTimeOffset _flightsReadAt;

    public string Name => $"due partition {partition}";

    public async Task<TimeSpan> RunOnceAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var scan = await index.ScanAsync(partition, now, BatchSize, cancellation);
        if (!scan.IsBuilt)
        {
            await builder.BuildAsync(partition, cancellation);
            scan = await index.ScanAsync(partition, now, BatchSize, cancellation);
            if (!scan.IsBuilt)
                return TimeSpan.Zero;
        }

        if (now - _flightsReadAt >= LongestSleep)
        {
            await RedispatchAsync(now, cancellation);
            _flightsReadAt = now;
        }

        var backlog = scan.Entries.Count > 0 ? await DispatchAsync(scan.Entries, now, cancellation) : null;
        if (scan.Entries.Count == BatchSize)
            backlog = Earlier(backlog, scan.NextDue);
        checkpoints.Reached(partition, backlog is { } left && left <= now ? left.AddMilliseconds(-1) : now);

        var next = Earlier(backlog, scan.NextDue);
        return next is { } due && due - now < LongestSleep ? due - now : LongestSleep;
    }

    /// <summary>Answers the soonest instant at which one of the entries is due again.</summary>
    private async Task<DateTimeOffset?> DispatchAsync(IReadOnlyList<DueEntry> entries, DateTimeOffset now, CancellationToken cancellation)
    {
        var plans = entries.Select(Plan).ToList();
        var starts = plans.Where(p => p.Start is not null).Select(p => p.Start!).ToList();
        var published = await PublishAsync(starts, cancellation);

        var advances = new List<Advance>(entries.Count);
        DateTimeOffset? backlog = null;
        for (var (i, start) = (0, 0); i < entries.Count; i++)
        {
            var (execution, nextDue) = plans[i];
            if (execution is not null && !published[start++])
            {
                backlog = Earlier(backlog, entries[i].Due);
                continue;
            }

            advances.Add(new Advance(entries[i], nextDue, execution is null ? null : DuePlan.FlightOf(execution, now)));
            backlog = Earlier(backlog, nextDue);
        }

        if (advances.Count > 0)
            await index.AdvanceAsync(partition, advances, now, cancellation);
        if (advances.Count < entries.Count)
            throw new IOException($"The execution queue took {starts.Count - (entries.Count - advances.Count)} of {starts.Count} executions; the others stay due.");
        return backlog;
    }

    private async Task<IReadOnlyList<bool>> PublishAsync(List<Execution> executions, CancellationToken cancellation) => executions.Count == 0
        ? []
        : await queue.PublishAsync(executions.ConvertAll(e => new StreamMessage(e.MessageId, partition, e.ToJson())), cancellation);

    /// <summary>An entry that cannot be read must not stop the others: it is taken out, and said.</summary>
    private DuePlan Plan(DueEntry entry)
    {
        try
        {
            return DuePlan.Of(entry, TraceParent.New);
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException)
        {
            LogUnreadable(entry.Key, entry.Version, unreadable.Message);
            return new DuePlan(null, null);
        }
    }

    private async Task RedispatchAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        foreach (var lost in await index.ReadFlightsAsync(partition, now, BatchSize, cancellation))
        {
            var execution = Execution.FromJson(lost.Payload.Span);
            var again = execution with { Redispatch = execution.Redispatch + 1 };
            var published = await PublishAsync([again], cancellation);
            if (published[0] && await index.ExtendFlightAsync(partition, lost, DuePlan.FlightOf(again, now), cancellation))
                LogRedispatched(again.AttemptId, again.Redispatch);
        }
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other < one ? other : one;

    [LoggerMessage(Level = LogLevel.Error, Message = "Due entry {Entry} version {Version} cannot be read and is taken out: {Reason}")]
    private partial void LogUnreadable(string entry, long version, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No outcome of {Attempt} by its deadline; dispatched again ({Times})")]
    private partial void LogRedispatched(string attempt, int times);
}
