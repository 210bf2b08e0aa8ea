using CronCloud.Core.Due;
using CronCloud.Core.Executions;

namespace CronCloud.Engine.Due;

/// <summary>
/// The part of an audit that is about executions of the record that wait. A build asks history about those that should have been started before: they may have ended, and their rows been left by a step that
/// was half done. It asks once, beside what else it does, and they wait for the answer.
/// </summary>
/// <param name="partition">Which one.</param>
/// <param name="index">What is compared.</param>
/// <param name="pending">The record of what waits.</param>
/// <param name="ends">Set for a build.</param>
/// <param name="time">The clock.</param>
internal sealed class PendingAudit(int partition, IDueIndex index, IPendingStore pending, KnownEnds? ends, TimeProvider time)
{
    private List<PendingExecution> _late = [];
    private Task<IReadOnlyDictionary<string, int>>? _asked;

    /// <summary>The entry keys of all that the record has.</summary>
    public HashSet<string> Keys { get; } = [];

    /// <summary>Whether some wait to be known.</summary>
    public bool IsAsking => _asked is not null;

    /// <summary>Whether <see cref="ArmLateAsync"/> need not wait.</summary>
    public bool IsAnswered => _asked is { IsCompleted: true };

    /// <summary>Arms what is missing, and asks about what should have been started before. Answers what was armed.</summary>
    public async Task<IReadOnlyList<string>> CompareAsync(CancellationToken cancellation)
    {
        var rows = await pending.ReadAsync(partition, cancellation);
        if (rows.Count == 0)
            return [];
        Keys.UnionWith(rows.Select(row => row.Execution.EntryKey));
        var stamps = await index.StampAsync(partition, [.. Keys], cancellation);
        var missing = rows.Where(p => !stamps.TryGetValue(p.Execution.EntryKey, out var stamp) || stamp.Version < p.Execution.Attempt).ToList();
        if (missing.Count == 0)
            return [];
        if (ends is null)
            return await ArmAsync(missing, cancellation);
        await ClaimSlotsAsync(missing, cancellation);
        var late = missing.ToLookup(p => ends.IsLate(p.Due));
        _late = [.. late[true]];
        if (_late.Count > 0)
            _asked = ends.FindAsync(_late.ConvertAll(p => p.Execution with { Attempt = p.Execution.Attempt - 1 }), CancellationToken.None); // goes on beside the next steps, each of which has its own
        return await ArmAsync([.. late[false]], cancellation);
    }

    /// <summary>Arms those that are not known to be over, and forgets the others. Answers what was armed, and what was removed.</summary>
    public async Task<(IReadOnlyList<string> Armed, IReadOnlyList<string> Removed)> ArmLateAsync(CancellationToken cancellation)
    {
        var known = await _asked!.WaitAsync(cancellation);
        var isOver = _late.ToLookup(p => known.TryGetValue(p.Execution.EntryKey, out var end) && IsEndedBy(p.Execution, end));
        var over = isOver[true].Select(p => p.Execution).ToList();
        await FreeSlotsAsync(over, cancellation);
        await pending.RemoveAsync(over, cancellation);
        var armed = await ArmAsync([.. isOver[false]], cancellation);
        (_late, _asked) = ([], null);
        return (armed, over.ConvertAll(e => e.EntryKey));
    }

    private async Task<IReadOnlyList<string>> ArmAsync(List<PendingExecution> missing, CancellationToken cancellation)
    {
        var entries = await WithoutRunningAsync(missing, cancellation);
        if (entries.Count > 0)
            await index.ArmAsync(partition, entries, cancellation);
        return entries.ConvertAll(entry => entry.Key);
    }

    /// <summary>What is in flight, or waits for its job's slot, has no entry of its own.</summary>
    private async Task<List<DueEntry>> WithoutRunningAsync(List<PendingExecution> missing, CancellationToken cancellation)
    {
        if (missing.Count == 0)
            return [];
        var flights = (await index.ReadFlightsAsync(partition, DateTimeOffset.MaxValue, int.MaxValue, cancellation)).Select(f => f.Id).ToHashSet();
        var lost = new List<DueEntry>();
        foreach (var (execution, due) in missing.Where(p => !flights.Contains(p.Execution.AttemptId)))
        {
            if (await index.FindAsync(partition, execution.EntryKey, cancellation) is null or { IsTombstone: true })
                lost.Add(DueItem.EntryOf(execution, due));
        }

        return lost;
    }

    /// <summary>Between two attempts an execution keeps its job's slot: nothing else may be started in between because the index forgot.</summary>
    private async Task ClaimSlotsAsync(List<PendingExecution> missing, CancellationToken cancellation)
    {
        var slots = missing.Where(p => p.Execution.Attempt > p.Execution.FirstAttempt).Select(p => p.Execution.Slot).OfType<SlotClaim>().ToList();
        if (slots.Count > 0)
            await index.ClaimAsync(partition, slots, cancellation);
    }

    private async Task FreeSlotsAsync(List<Execution> over, CancellationToken cancellation)
    {
        var landings = over.Where(e => e.Slot is not null).Select(e => new Landing(null, null) { Frees = e.OwnSlot }).ToList();
        if (landings.Count > 0)
            await index.LandAsync(partition, landings, time.GetUtcNow(), cancellation);
    }

    /// <summary>By the attempt that waits, or by one more run of the one before, unless it was redriven: then that one had ended.</summary>
    private static bool IsEndedBy(Execution waiting, int end) => end >= (waiting.Attempt == waiting.FirstAttempt ? waiting.Attempt : waiting.Attempt - 1);
}
