using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>What a job may have been, and what it surely was, at each instant, by what its client was told.</summary>
internal sealed class JobLife
{
    private readonly List<Phase> _phases = [new Phase(null, DateTimeOffset.MinValue, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue)];

    public JobLife(IEnumerable<Operation> operations)
    {
        foreach (var operation in operations.Where(o => o.Result != OperationResult.Failed))
            Take(operation);
    }

    public IEnumerable<JobShape> Shapes => _phases.Select(p => p.Shape).OfType<JobShape>();

    /// <summary>Due times that must start: the job was surely like that, and for so long after that no change could meet an execution on its way.</summary>
    public IEnumerable<(DateTimeOffset Due, JobShape Shape)> Expected(DateTimeOffset first, DateTimeOffset last, Func<DateTimeOffset, TimeSpan> way) =>
        from phase in _phases
        where phase.Shape is not null
        from due in Occurrences.Between(phase.Shape!.Plan, Later(first, phase.SureFrom), Earlier(last, phase.SureUntil))
        where due > phase.SureFrom && due + way(due) < phase.SureUntil
        select (due, phase.Shape!);

    /// <summary>Whether the job may have been due then, with a target of that path.</summary>
    public bool MayBeDue(DateTimeOffset due, string path) =>
        _phases.Any(p => p.Shape is { } shape && p.MayFrom <= due && due <= p.MayUntil && shape.Path == path && Occurrences.Names(shape.Plan, due));

    public bool MayBe(JobReading reading) =>
        _phases.Any(p => p.MayFrom <= reading.At && reading.At <= p.MayUntil && (p.Shape is { } shape ? shape.Path == reading.Path && !reading.Paused : reading.Path is null || reading.Paused));

    private void Take(Operation operation)
    {
        var known = operation.Result == OperationResult.Ok;
        for (var i = 0; i < _phases.Count; i++)
        {
            _phases[i] = _phases[i] with
            {
                SureUntil = Earlier(_phases[i].SureUntil, operation.InvokedAt),
                MayUntil = known ? Earlier(_phases[i].MayUntil, operation.EndedAt!.Value) : _phases[i].MayUntil,
            };
        }

        _phases.Add(new Phase(operation.Shape, operation.InvokedAt, known ? operation.EndedAt!.Value : DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue));
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private sealed record Phase(JobShape? Shape, DateTimeOffset MayFrom, DateTimeOffset SureFrom, DateTimeOffset SureUntil, DateTimeOffset MayUntil);
}
