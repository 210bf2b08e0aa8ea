using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Timelines;

/// <summary>
/// What happened to an execution and why, in the order of cause: two nodes' clocks may differ by milliseconds, and what follows from something comes behind
/// it all the same. Pure: it asks nobody.
/// </summary>
public sealed class Timeline
{
    /// <summary>From the end of an attempt until its dead letter is there, at the latest in sound health.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(5);

    private readonly TimelineSource _source;
    private readonly List<TimelineEvent> _events = [];

    /// <summary>Of the round of attempts that is told: its first attempt, and how many of it were put off.</summary>
    private int _firstAttempt = 1;
    private int _putOffs;
    private int _earlierPutOffs;

    private Timeline(TimelineSource source) => _source = source;

    /// <summary>The source has a row of history, or an attempt of the due index.</summary>
    public static IReadOnlyList<TimelineEvent> Of(TimelineSource source)
    {
        var timeline = new Timeline(source);
        timeline.AddDue();
        HistoryRow? before = null;
        foreach (var row in source.Recorded?.Attempts ?? [])
        {
            timeline.AddRow(row, before);
            before = row;
        }

        if (source.Current is { } current)
            timeline.AddCurrent(current, before);
        return timeline._events;
    }

    private void AddDue()
    {
        var (at, trigger) = _source.Recorded is { } recorded ? (recorded.Attempts[0].ScheduledAt, recorded.Attempts[0].Trigger) : (_source.Current!.ScheduledAt, _source.Current.Trigger);
        Add(at, TimelineEventKind.Due, trigger switch
        {
            Trigger.Schedule => "due by the job's schedule",
            Trigger.Manual => "asked for by hand",
            Trigger.Event => "asked for by an event",
            Trigger.Backfill => "due by the job's schedule, and asked for afterwards",
            _ => "due",
        });
    }

    private void AddRow(HistoryRow row, HistoryRow? before)
    {
        if (row.Trigger == Trigger.Redrive && before?.Status == ExecutionStatus.DeadLettered)
            BeginRound(row.Attempt, row.DispatchedAt ?? row.StartedAt);
        if (row.DispatchedAt is { } dispatched)
            AddDispatched(dispatched, row.DispatchedBy, CallOf(row.Attempt), new JobKey(row.Tenant, row.JobId), "");
        switch (row.Result)
        {
            case AttemptResult.PutOff:
                AddPutOff(row);
                break;
            case AttemptResult.Skipped or AttemptResult.Missed:
                AddDropped(row);
                break;
            default:
                AddAttempt(row);
                break;
        }
    }

    private void BeginRound(int attempt, DateTimeOffset at)
    {
        (_firstAttempt, _earlierPutOffs, _putOffs) = (attempt, _earlierPutOffs + _putOffs, 0);
        Add(at, TimelineEventKind.Redriven, "the dead letter was given a new round of attempts, under the same key");
    }

    private void AddDispatched(DateTimeOffset at, string? node, int call, JobKey job, string again) =>
        Add(at, TimelineEventKind.Dispatched, $"attempt {call} was put on the execution queue{again}", call, node, e => e with { Partition = job.Partition });

    private void AddPutOff(HistoryRow row)
    {
        var next = row.NextAttemptAt is { } at ? $"; it comes again at {Instants.Format(at)}, and no retry is used up" : "";
        Add(row.StartedAt, TimelineEventKind.PutOff, $"the worker had no place for attempt {CallOf(row.Attempt)}: {row.Error}{next}", CallOf(row.Attempt), row.Node, e => e with { DueAt = row.NextAttemptAt });
        _putOffs++;
    }

    private void AddDropped(HistoryRow row)
    {
        if (row.Status == ExecutionStatus.DeadLettered)
        {
            AddDeadLetter(row, row.StartedAt);
            return;
        }

        var what = row.Attempt == 0 ? "it was not started" : $"attempt {CallOf(row.Attempt)} was not made";
        var range = row.Occurrences > 1 ? $"; this stands for {row.Occurrences} occurrences, up to the one of {Instants.Format(row.LastDue ?? row.ScheduledAt)}" : "";
        Add(row.StartedAt, row.Result == AttemptResult.Missed ? TimelineEventKind.Missed : TimelineEventKind.Skipped, $"{what}: {row.Error}{range}", node: row.Node);
    }

    private void AddAttempt(HistoryRow row)
    {
        var (call, endedAt) = (CallOf(row.Attempt), row.StartedAt.AddMilliseconds(row.DurationMs));
        var late = call == 1 ? $", {Math.Max(0, row.LatenessMs)} ms after its due time" : "";
        Add(row.StartedAt, TimelineEventKind.Started, $"attempt {call} of calling the target began{late}", call, row.Node);
        var hasSucceeded = row.Result == AttemptResult.Succeeded;
        var detail = hasSucceeded && row.StatusCode is null ? $"the target was reached after {row.DurationMs} ms" : $"{Reasons.Cause(row)} after {row.DurationMs} ms";
        Add(endedAt, hasSucceeded ? TimelineEventKind.Succeeded : TimelineEventKind.Failed, detail, call, row.Node, e => e with
        {
            Outcome = row.Result,
            StatusCode = row.StatusCode,
            DurationMs = row.DurationMs,
            Error = row.Error,
        });
        if (row.Status == ExecutionStatus.Retrying && row.NextAttemptAt is { } next)
            Add(endedAt, TimelineEventKind.Retry, Reasons.Retry(row, _source.Retry, RoundNumberOf(row.Attempt), call), call + 1, change: e => e with { DueAt = next });
        else if (row.Status == ExecutionStatus.DeadLettered)
            AddDeadLetter(row, endedAt);
    }

    /// <summary>The last one is gone from the dead letters when it was discarded; one that was redriven is told as that.</summary>
    private void AddDeadLetter(HistoryRow row, DateTimeOffset at)
    {
        var isGone = row == _source.Recorded!.Last && !_source.IsDeadLetter && _source.Current is null && at + Settling <= _source.Now;
        Add(at, TimelineEventKind.DeadLettered, Reasons.DeadLetter(row, _source.Retry, RoundNumberOf(row.Attempt)) + (isGone ? "; it is not among the dead letters any more" : ""));
    }

    private void AddCurrent(Execution current, HistoryRow? before)
    {
        var call = current.Number;
        if (current.Trigger == Trigger.Redrive && current.Attempt == current.FirstAttempt)
            BeginRound(current.Attempt, _source.WaitsUntil ?? current.DispatchedAt ?? before?.StartedAt ?? _source.Now);
        if (_source.WaitsUntil is { } due)
        {
            Add(_source.Now, TimelineEventKind.Waiting, Waits(call, due), call, change: e => e with { DueAt = due });
            return;
        }

        if (current.DispatchedAt is { } dispatched)
            AddDispatched(dispatched, current.DispatchedBy, call, current.Job, current.Redispatch > 0 ? $" again ({current.Redispatch}): no outcome of it had come by then" : "");
        var deadline = current.DispatchedAt + current.Target.Timeout + DuePlan.Grace;
        var isAhead = deadline > _source.Now;
        var patience = isAhead ? $"; without an outcome by {Instants.Format(deadline!.Value)} it is put there again" : deadline is null ? "" : "; it may be in the queue still and is waited for";
        Add(_source.Now, TimelineEventKind.Running, $"attempt {call} is on the execution queue or with a worker{patience}", call, change: e => e with { DueAt = isAhead ? deadline : null });
    }

    private string Waits(int call, DateTimeOffset due) => (_source.Current!.Overlap == Overlap.Queue ? _source.SlotHolder : null, due > _source.Now) switch
    {
        ({ } holder, _) => $"attempt {call} waits until {holder} has ended, since executions of the job must not overlap",
        (null, true) => $"attempt {call} waits for its time, {Instants.Format(due)}",
        _ => $"attempt {call} is due and waits to be put on the execution queue",
    };

    private int CallOf(int attempt) => attempt - _putOffs - _earlierPutOffs;

    private int RoundNumberOf(int attempt) => attempt - _firstAttempt + 1 - _putOffs;

    private void Add(DateTimeOffset at, TimelineEventKind kind, string detail, int? attempt = null, string? node = null, Func<TimelineEvent, TimelineEvent>? change = null)
    {
        var added = new TimelineEvent { At = at, Event = kind, Attempt = attempt, Node = node, Detail = detail };
        _events.Add(change is null ? added : change(added));
    }
}
