using System.Text.Json;
using CronCloud.Core;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Streams;

namespace CronCloud.Engine.Tests;

/// <summary>A queue that refuses when told to.</summary>
internal sealed class FaultyQueue(IExecutionQueue queue) : IExecutionQueue
{
    public bool Refuses { get; set; }

    /// <summary>It knows no message from before: none counts as published already.</summary>
    public bool Forgets { get; set; }

    /// <summary>Publishes are neither taken nor refused, whatever is cancelled.</summary>
    public bool Hangs { get; set; }

    /// <summary>Asked for its state, it fails.</summary>
    public bool IsAway { get; set; }

    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) =>
        Hangs ? new TaskCompletionSource<IReadOnlyList<bool>>().Task
        : Refuses ? Task.FromResult<IReadOnlyList<bool>>(new bool[messages.Count]) : queue.PublishAsync(Forgets ? [.. messages.Select(m => m with { Id = $"{m.Id} {Guid.NewGuid():n}" })] : messages, cancellation);

    public Task<IReadOnlyList<Delivery>> PullAsync(int max, TimeSpan wait, CancellationToken cancellation) => queue.PullAsync(max, wait, cancellation);

    public Task<long> CountAsync(CancellationToken cancellation) => queue.CountAsync(cancellation);

    public Task<QueueState> ReadStateAsync(CancellationToken cancellation) => IsAway ? throw new IOException("The queue is away.") : queue.ReadStateAsync(cancellation);
}

/// <summary>An index that breaks before an advance, or refuses to arm, when told to, and can be emptied.</summary>
internal sealed class FaultyIndex(IDueIndex index) : IDueIndex
{
    private IDueIndex _index = index;

    public event Action<int> Woken
    {
        add => _index.Woken += value;
        remove => _index.Woken -= value;
    }

    public bool BreaksBeforeAdvance { get; set; }

    public bool RefusesToArm { get; set; }

    /// <summary>Asked for what is due, it fails.</summary>
    public bool IsAway { get; set; }

    public bool RefusesToTellFlights { get; set; }

    public bool RefusesBuilds { get; set; }

    /// <summary>Asked for stamps of this partition, it fails.</summary>
    public int? BrokenPartition { get; set; }

    /// <summary>Happens when it has told what is due.</summary>
    public Action Scanned { get; set; } = () => { };

    /// <summary>How often stamps were listed from the first one on.</summary>
    public int Listings { get; private set; }

    public void Empty() => _index = new Backends.DueIndex.MemoryDueIndex();

    public Task ArmAsync(int partition, IReadOnlyList<DueEntry> entries, CancellationToken cancellation) =>
        RefusesToArm ? throw new IOException("The index is away.") : _index.ArmAsync(partition, entries, cancellation);

    public async Task<DueScan> ScanAsync(int partition, DueQuery query, CancellationToken cancellation)
    {
        var scan = IsAway ? throw new IOException("The index is away.") : await _index.ScanAsync(partition, query, cancellation);
        Scanned();
        return scan;
    }

    public Task<IReadOnlyList<SlotState>> ClaimAsync(int partition, IReadOnlyList<SlotClaim> claims, CancellationToken cancellation) => _index.ClaimAsync(partition, claims, cancellation);

    public Task<IReadOnlyList<bool>> AdvanceAsync(int partition, IReadOnlyList<Advance> advances, DateTimeOffset now, CancellationToken cancellation) =>
        BreaksBeforeAdvance ? throw new IOException("The index is away.") : _index.AdvanceAsync(partition, advances, now, cancellation);

    public Task<IReadOnlyList<Landed>> LandAsync(int partition, IReadOnlyList<Landing> landings, DateTimeOffset now, CancellationToken cancellation) => _index.LandAsync(partition, landings, now, cancellation);

    public Task<IReadOnlyList<Flight>> ReadFlightsAsync(int partition, DateTimeOffset before, int limit, CancellationToken cancellation) =>
        RefusesToTellFlights ? throw new IOException("The index is away.") : _index.ReadFlightsAsync(partition, before, limit, cancellation);

    public Task<ReadOnlyMemory<byte>?> FindFlightAsync(int partition, string id, CancellationToken cancellation) => _index.FindFlightAsync(partition, id, cancellation);

    public Task<IReadOnlyList<bool>> ExtendFlightsAsync(int partition, IReadOnlyList<Extension> extensions, CancellationToken cancellation) => _index.ExtendFlightsAsync(partition, extensions, cancellation);

    public Task<DueEntry?> FindAsync(int partition, string key, CancellationToken cancellation) => _index.FindAsync(partition, key, cancellation);

    public Task<IReadOnlyDictionary<string, DueStamp>> StampAsync(int partition, IReadOnlyList<string> keys, CancellationToken cancellation) =>
        partition == BrokenPartition ? throw new IOException("A part of the index is away.") : _index.StampAsync(partition, keys, cancellation);

    public Task<Page<DueStamp>> ListAsync(int partition, string? cursor, int limit, CancellationToken cancellation)
    {
        Listings += cursor is null ? 1 : 0;
        return _index.ListAsync(partition, cursor, limit, cancellation);
    }

    public Task<int> RemoveAsync(int partition, IReadOnlyList<DueStamp> stamps, CancellationToken cancellation) => _index.RemoveAsync(partition, stamps, cancellation);

    public Task<IReadOnlyList<SlotClaim>> ReadSlotsAsync(int partition, CancellationToken cancellation) => _index.ReadSlotsAsync(partition, cancellation);

    public Task<string> ReadIncarnationAsync(CancellationToken cancellation) => _index.ReadIncarnationAsync(cancellation);

    public Task<string> BeginBuildAsync(int partition, CancellationToken cancellation) => RefusesBuilds ? throw new IOException("The index is away.") : _index.BeginBuildAsync(partition, cancellation);

    public Task<bool> EndBuildAsync(int partition, string build, string incarnation, CancellationToken cancellation) => _index.EndBuildAsync(partition, build, incarnation, cancellation);
}

/// <summary>A record that answers nobody when told to, and whose rows cannot be read.</summary>
internal sealed class FaultyJobs(IJobStore jobs) : IJobStore
{
    private readonly HashSet<JobKey> _unreadable = [];

    /// <summary>Asked for stamps, it does not answer at all.</summary>
    public bool Hangs { get; set; }

    public int TimesAsked { get; private set; }

    /// <summary>So many pages of one changed job each are read, and the next one fails.</summary>
    public int? PagesOfChanges { get; set; }

    /// <summary>What reads of active jobs wait for.</summary>
    public Task ReadsAfter { get; set; } = Task.CompletedTask;

    public void MakeUnreadable(JobKey key) => _unreadable.Add(key);

    public Task<Job?> FindAsync(JobKey key, CancellationToken cancellation) => jobs.FindAsync(key, cancellation);

    public async Task<IReadOnlyDictionary<JobKey, Func<Job>>> FindAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation) =>
        (await jobs.FindAsync(keys, cancellation)).ToDictionary(job => job.Key, job => _unreadable.Contains(job.Key) ? () => throw new JsonException("No such word.") : job.Value);

    public Task<bool> WriteAsync(Job job, Revision revision, CancellationToken cancellation) => jobs.WriteAsync(job, revision, cancellation);

    public Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<JobWrite> writes, CancellationToken cancellation) => jobs.WriteAsync(writes, cancellation);

    public Task<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellation) => jobs.ListAsync(query, cancellation);

    public async Task<IReadOnlyDictionary<JobKey, JobStamp>> StampAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation)
    {
        TimesAsked++;
        if (Hangs)
            await new TaskCompletionSource().Task.WaitAsync(cancellation);
        return await jobs.StampAsync(keys, cancellation);
    }

    public async Task<Page<ActiveJob>> ReadActiveAsync(int partition, string? cursor, int limit, bool withRows, CancellationToken cancellation)
    {
        await ReadsAfter.WaitAsync(cancellation);
        var page = await jobs.ReadActiveAsync(partition, cursor, limit, withRows, cancellation);
        return page with { Items = [.. page.Items.Select(job => withRows && _unreadable.Contains(job.Key) ? job with { Read = () => throw new JsonException("No such word.") } : job)] };
    }

    public Task<Page<ChangedJob>> ReadChangedAsync(IReadOnlyCollection<int> partitions, DateTimeOffset from, string? cursor, int limit, CancellationToken cancellation) =>
        PagesOfChanges-- is 0 ? throw new IOException("The record is away.") : jobs.ReadChangedAsync(partitions, from, cursor, PagesOfChanges is null ? limit : 1, cancellation);

    public Task NoteDueAsync(IReadOnlyCollection<DueNote> notes, CancellationToken cancellation) => jobs.NoteDueAsync(notes, cancellation);

    public Task<Page<Revision>> ListRevisionsAsync(JobKey key, int limit, string? cursor, CancellationToken cancellation) => jobs.ListRevisionsAsync(key, limit, cursor, cancellation);
}

/// <summary>A record that is away when told to be.</summary>
internal sealed class FaultyPending(IPendingStore pending) : IPendingStore
{
    public bool IsAway { get; set; }

    public int Writes { get; private set; }

    public Task KeepAsync(IReadOnlyList<PendingExecution> pendings, CancellationToken cancellation)
    {
        Writes++;
        return IsAway ? throw new IOException("The record is away.") : pending.KeepAsync(pendings, cancellation);
    }

    public Task RemoveAsync(IReadOnlyList<Execution> ended, CancellationToken cancellation) => pending.RemoveAsync(ended, cancellation);

    public Task<IReadOnlyList<PendingExecution>> ReadAsync(int partition, CancellationToken cancellation) => pending.ReadAsync(partition, cancellation);
}

/// <summary>An outcome stream that refuses when told to.</summary>
internal sealed class FaultyOutcomes(IOutcomeStream outcomes) : IOutcomeStream
{
    public bool Refuses { get; set; }

    public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation) =>
        Refuses ? Task.FromResult<IReadOnlyList<bool>>(new bool[messages.Count]) : outcomes.PublishAsync(messages, cancellation);

    public Task<IReadOnlyList<Delivery>> PullAsync(OutcomeReader reader, int max, TimeSpan wait, CancellationToken cancellation) => outcomes.PullAsync(reader, max, wait, cancellation);

    public Task<long> CountAsync(OutcomeReader reader, CancellationToken cancellation) => outcomes.CountAsync(reader, cancellation);

    public Task<DateTimeOffset?> ReadOldestAsync(OutcomeReader reader, CancellationToken cancellation) => outcomes.ReadOldestAsync(reader, cancellation);

    public Task<DateTimeOffset?> ReadNextAsync(OutcomeReader reader, CancellationToken cancellation) => outcomes.ReadNextAsync(reader, cancellation);
}
