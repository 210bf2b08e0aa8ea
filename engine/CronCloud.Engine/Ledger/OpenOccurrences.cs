using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Ledger;

/// <summary>Which occurrences have no outcome yet, and are with the due index: in flight, waiting for a slot, or due and not dispatched.</summary>
public sealed class OpenOccurrences(IDueIndex index)
{
    private const int PageSize = 2_000;

    /// <summary>For one comparison: a partition is listed once in it. What is dispatched while it goes on may be taken for lost; the next comparison knows.</summary>
    public OpenSnapshot Begin() => new(this);

    /// <summary>What a partition has, but for what is asked for by name. First what is due and then what flies: what is dispatched between the two reads is found by the second.</summary>
    internal async Task<Listed> ListAsync(int partition, CancellationToken cancellation)
    {
        var waiting = await WaitingAsync(partition, cancellation);
        var flights = (await index.ReadFlightsAsync(partition, DateTimeOffset.MaxValue, int.MaxValue, cancellation)).Select(f => f.Id[..f.Id.LastIndexOf('#')]).ToHashSet();
        var slots = await index.ReadSlotsAsync(partition, cancellation);
        return new Listed(waiting, flights, [.. slots.Select(slot => slot.Execution)], [.. slots.Select(slot => slot.Job)]);
    }

    internal async Task<List<OpenOccurrence>> AmongAsync(int partition, string tenant, List<(string Job, DateTimeOffset Due)> missing, Listed listed, IReadOnlyDictionary<string, DueStamp> own, CancellationToken cancellation)
    {
        var open = new List<OpenOccurrence>();
        foreach (var occurrence in missing)
        {
            var (job, entry) = ($"{tenant}/{occurrence.Job}", EntryOf(tenant, occurrence));
            var flies = listed.Flights.Contains(entry) || listed.Holders.Contains(entry);
            var waits = IsLiving(own.GetValueOrDefault(entry)) || IsAhead(own.GetValueOrDefault(job), occurrence.Due) || listed.Waiting[job].Any(stamp => IsAhead(stamp, occurrence.Due));
            if (flies || waits || (listed.Taken.Contains(job) && await WaitsForSlotAsync(partition, entry, cancellation)))
                open.Add(new OpenOccurrence(occurrence.Job, occurrence.Due, flies));
        }

        return open;
    }

    internal Task<IReadOnlyDictionary<string, DueStamp>> StampAsync(int partition, string tenant, List<(string Job, DateTimeOffset Due)> missing, CancellationToken cancellation) =>
        index.StampAsync(partition, [.. missing.Select(m => $"{tenant}/{m.Job}").Distinct(), .. missing.Select(m => EntryOf(tenant, m))], cancellation);

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

    /// <param name="Waiting">Left-overs, by the job's entry key.</param>
    /// <param name="Flights">Executions in flight.</param>
    /// <param name="Holders">Executions that hold their jobs' slots.</param>
    /// <param name="Taken">Jobs whose slots are taken.</param>
    internal sealed record Listed(ILookup<string, DueStamp> Waiting, HashSet<string> Flights, HashSet<string> Holders, HashSet<string> Taken);
}

/// <summary>What the due index has while an hour is compared. Partitions that were listed stay, also when a later one cannot be.</summary>
public sealed class OpenSnapshot
{
    private readonly OpenOccurrences _open;
    private readonly Dictionary<int, OpenOccurrences.Listed> _listed = [];

    internal OpenSnapshot(OpenOccurrences open) => _open = open;

    /// <summary>Those of the due times, by job, that the index has; all jobs are of the tenant.</summary>
    public async Task<IReadOnlyList<OpenOccurrence>> AmongAsync(string tenant, IReadOnlyDictionary<string, List<DateTimeOffset>> missing, CancellationToken cancellation)
    {
        var open = new List<OpenOccurrence>();
        foreach (var partition in missing.GroupBy(job => new JobKey(tenant, job.Key).Partition))
        {
            List<(string Job, DateTimeOffset Due)> asked = [.. partition.SelectMany(job => job.Value, (job, due) => (job.Key, due))];
            // First those that wait to be dispatched: what is dispatched then is found among the flights, when these are listed for the first time.
            var own = await _open.StampAsync(partition.Key, tenant, asked, cancellation);
            if (!_listed.TryGetValue(partition.Key, out var listed))
                _listed.Add(partition.Key, listed = await _open.ListAsync(partition.Key, cancellation));
            open.AddRange(await _open.AmongAsync(partition.Key, tenant, asked, listed, own, cancellation));
        }

        return open;
    }
}

/// <param name="JobId">The job.</param>
/// <param name="Due">The due time.</param>
/// <param name="IsDispatched">Whether it is on the queue or with a worker; else it waits.</param>
public sealed record OpenOccurrence(string JobId, DateTimeOffset Due, bool IsDispatched);
