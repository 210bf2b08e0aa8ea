using System.Collections.Concurrent;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Due;

/// <summary>
/// Builds of this node's partitions: after the index was emptied, restarted or found to be an older copy, and by the twin at every start.
/// Some partitions at a time read the record, so that it is not overrun; what is due the soonest in each of them comes before the rest of any.
/// </summary>
public sealed partial class PartitionBuilder(
    IDueIndex index,
    IJobStore jobs,
    IPendingStore pending,
    ICheckpointStore checkpoints,
    Known known,
    TimeProvider time,
    ILogger<PartitionBuilder> logger) : IDisposable
{
    private const int AtOnce = 16;
    private const int AtOnceWhileLate = 2;
    private const int AskingAtOnce = 32;

    /// <summary>While the record is away every partition meets it: one line tells of all.</summary>
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(30);

    /// <summary>A partition that was given away does not ask any more.</summary>
    private static readonly TimeSpan AskedOfLate = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<int, long> _unseen = [];
    private readonly SemaphoreSlim _places = new(AtOnce);
    private readonly SemaphoreSlim _placesWhileLate = new(AtOnceWhileLate);
    private readonly SemaphoreSlim _placesToAsk = new(AskingAtOnce);
    private readonly Lock _lock = new();
    private DateTimeOffset _nextLine;
    private int _failures;

    /// <summary>Begins or goes on with a build by one step, if there is a place: nobody waits here.</summary>
    /// <param name="partition">Whose.</param>
    /// <param name="build">As far as it has come; null when it is to begin.</param>
    /// <param name="isLate">Whether this node is late with what is due: a few steps at a time are enough then, of those that do not look for more of that.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<BuildStep> StepAsync(int partition, PartitionBuild? build, bool isLate, CancellationToken cancellation)
    {
        var places = PlacesFor(build, isLate);
        if (!MayStep(partition, build) || !await places.WaitAsync(TimeSpan.Zero, cancellation))
            return new BuildStep(build, HadPlace: false);
        try
        {
            build ??= await PartitionBuild.BeginAsync(partition, index, jobs, pending, checkpoints, known, time, cancellation);
            if (!await build.StepAsync(cancellation))
                return new BuildStep(null, HadPlace: true);
            if (build.Audit.HasSeenSoonest)
                _unseen.TryRemove(partition, out _);
        }
        catch
        {
            _unseen.TryRemove(partition, out _); // who cannot be built keeps nobody else from it
            throw;
        }
        finally
        {
            places.Release();
        }

        if (!build.Audit.HasEnded)
            return new BuildStep(build, HadPlace: true);
        PlacementMetrics.Built();
        if (build.Audit.Armed.Count + build.Audit.Removed.Count > 0)
            LogBuilt(partition, build.Audit.Armed.Count, build.Audit.Removed.Count, (long)time.GetElapsedTime(build.Started).TotalMilliseconds, build.Audit.Checkpoint);
        if (build.Audit.Unreadable.Count > 0)
            LogUnreadable(partition, build.Audit.Unreadable.Count, build.Audit.Unreadable[0]);
        return new BuildStep(null, HadPlace: true);
    }

    /// <summary>Who waits for history keeps nobody from the record, nor anybody's answer: what they ask meanwhile goes together.</summary>
    private SemaphoreSlim PlacesFor(PartitionBuild? build, bool isLate) =>
        build?.Audit.AsksHistory == true ? _placesToAsk : isLate && build?.Audit.HasSeenSoonest == true ? _placesWhileLate : _places;

    /// <summary>What is due the soonest comes first, in all partitions.</summary>
    private bool MayStep(int partition, PartitionBuild? build)
    {
        if (build?.Audit.HasSeenSoonest == true)
            return !_unseen.Values.Any(asked => time.GetElapsedTime(asked) < AskedOfLate);
        _unseen[partition] = time.GetTimestamp();
        return true;
    }

    /// <summary>A step failed. What is in the index is dispatched all the same.</summary>
    public void Report(int partition, Exception failure)
    {
        PlacementMetrics.BuildFailed();
        int failures;
        lock (_lock)
        {
            _failures++;
            if (time.GetUtcNow() < _nextLine)
                return;
            _nextLine = time.GetUtcNow() + BetweenLines;
            (failures, _failures) = (_failures, 0);
        }

        LogCannotBuild(partition, failures, failure.GetType().Name, failure.Message);
    }

    public void Dispose()
    {
        _places.Dispose();
        _placesWhileLate.Dispose();
        _placesToAsk.Dispose();
    }

    [LoggerMessage(EventId = 1111, Level = LogLevel.Warning, Message = "Partition {Partition} (of {Failures} such) cannot be compared with the record and goes on with what it has: {Kind}: {Reason}")]
    private partial void LogCannotBuild(int partition, int failures, string kind, string reason);

    [LoggerMessage(EventId = 1112, Level = LogLevel.Error, Message = "Partition {Partition} has {Count} jobs that cannot be read and do not run, the first is {Job}")]
    private partial void LogUnreadable(int partition, int count, string job);

    [LoggerMessage(EventId = 1113, Level = LogLevel.Debug, Message = "Partition {Partition} is built: {Armed} entries armed, {Removed} taken out in {Ms} ms, from checkpoint {Checkpoint}")]
    private partial void LogBuilt(int partition, int armed, int removed, long ms, DateTimeOffset? checkpoint);
}

/// <param name="Build">The build, as far as it has come; null when it has ended, or has to begin anew.</param>
/// <param name="HadPlace">False when others have all places: nothing was done.</param>
public sealed record BuildStep(PartitionBuild? Build, bool HadPlace);
