using System.Diagnostics;
using CronCloud.Core.Executions;
using CronCloud.Engine.Telemetry;

namespace CronCloud.Engine.Due;

/// <summary>The dispatch spans of attempts that are published together; none while nobody listens.</summary>
internal sealed class DispatchSpans : IDisposable
{
    private readonly IReadOnlyList<Execution> _executions;
    private readonly Activity?[]? _spans;

    public DispatchSpans(IReadOnlyList<Execution> executions, DateTimeOffset now)
    {
        _executions = executions;
        if (ExecutionTraces.IsListenedTo)
            _spans = [.. executions.Select(execution => ExecutionTraces.StartDispatch(execution, now))];
    }

    /// <summary>Attempts as they are dispatched, each with its span, so that what follows is below it; or with the word that the trace is not sampled.</summary>
    public IReadOnlyList<Execution> Traced() => _spans is null ? _executions : [.. _executions.Select((execution, i) => execution with { TraceParent = TraceParentOf(i) })];

    private string TraceParentOf(int i) => _spans![i]?.Id ?? TraceParent.NotSampled(_executions[i].TraceParent);

    /// <summary>What the queue did not take is dispatched once more, by a span of its own.</summary>
    public void End(IReadOnlyList<bool> published, DateTimeOffset at)
    {
        for (var i = 0; i < _spans?.Length; i++)
        {
            if (!published[i])
                _spans[i]?.SetStatus(ActivityStatusCode.Error, "the queue did not take it");
            _spans[i]?.EndAt(at);
        }
    }

    /// <summary>Spans of a publication that broke off end here; an ended one does not end twice.</summary>
    public void Dispose()
    {
        foreach (var span in _spans ?? [])
            span?.Dispose();
    }
}
