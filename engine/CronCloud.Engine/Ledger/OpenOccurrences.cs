using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Ledger;

/// <summary>Which occurrences have no outcome yet, and are with the due index: in flight, waiting for a slot, or due and not dispatched.</summary>
public sealed class OpenOccurrences(IDueIndex index)
{
    private const int PageSize = 2_000;

    /// <summary>Those of the due times, by job, that the index has; all jobs are of the tenant.</summary>
    public async Task<IReadOnlyList<OpenOccurrence>> AmongAsync(string tenant, IReadOnlyDictionary<string, List<DateTimeOffset>> missing, CancellationToken cancellation)
    {
        var open = new List<OpenOccurrence>();
        foreach (var partition in missing.GroupBy(job => new JobKey(tenant, job.Key).Partition))
            open.AddRange(await AmongAsync(partition.Key, tenant, [.. partition.SelectMany(job => job.Value, (job, due) => (job.Key, due))], cancellation));
        return open;
    }

    private async Task<List<OpenOccurrence>> AmongAsync(int partition, string tenant, List<(string Job, DateTimeOffset Due)> missing, CancellationToken cancellation)
    {
        // First what is due and then what flies: what is dispatched between the two reads is found by the second.
        var waiting = await WaitingAsync(partition, cancellation);
        var own = await index.StampAsync(partition, [.. missing.Select(m => $"{tenant}/{m.Job}").Distinct(), .. missing.Select(m => EntryOf(tenant, m))], cancellation);
        var flights = (await index.ReadFlightsAsync(partition, DateTimeOffset.MaxValue, int.MaxValue, cancellation)).Select(f => f.Id[..f.Id.LastIndexOf('#')]).ToHashSet();
        var slots = await index.ReadSlotsAsync(partition, cancellation);
        var (holders, taken) = (slots.Select(slot => slot.Execution).ToHashSet(), slots.Select(slot => slot.Job).ToHashSet());

        var open = new List<OpenOccurrence>();
        foreach (var occurrence in missing)
        {
            var (job, entry) = ($"{tenant}/{occurrence.Job}", EntryOf(tenant, occurrence));
            var flies = flights.Contains(entry) || holders.Contains(entry);
            var waits = IsLiving(own.GetValueOrDefault(entry)) || IsAhead(own.GetValueOrDefault(job), occurrence.Due) || waiting[job].Any(stamp => IsAhead(stamp, occurrence.Due));
            if (flies || waits || (taken.Contains(job) && await WaitsForSlotAsync(partition, entry, cancellation)))
                open.Add(new OpenOccurrence(occurrence.Job, occurrence.Due, flies));
        }

        return open;
    }

    /// <summary>Left-overs, by the job's entry key.</summary>
    private async Task<ILookup<string, DueStamp>> WaitingAsync(int partition, CancellationToken cancellation)
    {
        var leftOvers = new List<DueStamp>();
        string? cursor = null;
        do
        {
            var page = await index.ListAsync(partition, cursor, PageSize, cancellation);
            leftOvers.AddRange(page.Items.Where(stamp => stamp.IsLeftOver && stamp.Key.Contains('~', StringComparison.Ordinal)));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return leftOvers.ToLookup(stamp => stamp.Key[..stamp.Key.IndexOf('~', StringComparison.Ordinal)]);
    }

    /// <summary>Behind another execution of its job: such a one has no stamp.</summary>
    private async Task<bool> WaitsForSlotAsync(int partition, string entry, CancellationToken cancellation) => await index.FindAsync(partition, entry, cancellation) is { IsTombstone: false };

    private static string EntryOf(string tenant, (string Job, DateTimeOffset Due) occurrence) => $"{tenant}/{ExecutionId.Of(occurrence.Job, occurrence.Due)}";

    private static bool IsLiving(DueStamp? stamp) => stamp is { IsTombstone: false };

    /// <summary>An entry that has not come to the due time yet will.</summary>
    private static bool IsAhead(DueStamp? stamp, DateTimeOffset due) => IsLiving(stamp) && stamp!.Due <= due;
}

/// <param name="JobId">The job.</param>
/// <param name="Due">The due time.</param>
/// <param name="IsDispatched">Whether it is on the queue or with a worker; else it waits.</param>
public sealed record OpenOccurrence(string JobId, DateTimeOffset Due, bool IsDispatched);
