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

    /// <summary>What goes with the message: the span, so that the attempt is below it; or that the trace is not sampled.</summary>
    public string TraceParentOf(int i) => _spans is null ? _executions[i].TraceParent : _spans[i]?.Id ?? TraceParent.NotSampled(_executions[i].TraceParent);

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
