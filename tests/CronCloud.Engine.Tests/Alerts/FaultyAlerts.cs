using CronCloud.Core;
using CronCloud.Core.Alerts;
using CronCloud.Core.Jobs;

namespace CronCloud.Engine.Tests.Alerts;

/// <summary>A record of incidents that is away, or breaks after a write was committed, when told to.</summary>
internal sealed class FaultyIncidents(IIncidentStore incidents) : IIncidentStore
{
    public bool IsAway { get; set; }

    public bool BreaksAfterWrite { get; set; }

    /// <summary>What another does between the first read and the write that follows it.</summary>
    public Func<Task>? Meanwhile { get; set; }

    public int Reads { get; private set; }

    public int Writes { get; private set; }

    public async Task<IReadOnlyDictionary<JobKey, JobHealth>> ReadAsync(IReadOnlyCollection<JobKey> jobs, CancellationToken cancellation)
    {
        Reads++;
        var known = await incidents.ReadAsync(jobs, cancellation);
        if (Meanwhile is { } meanwhile)
        {
            Meanwhile = null;
            await meanwhile();
        }

        return known;
    }

    public async Task<bool> WriteAsync(IReadOnlyList<HealthChange> changes, CancellationToken cancellation)
    {
        Writes++;
        if (IsAway)
            throw new IOException("The record is away.");
        var isWritten = await incidents.WriteAsync(changes, cancellation);
        return BreaksAfterWrite ? throw new IOException("The record breaks.") : isWritten;
    }

    public Task<bool> WriteAsync(IncidentChange change, CancellationToken cancellation) => incidents.WriteAsync(change, cancellation);

    public Task<Incident?> FindAsync(string tenant, string id, CancellationToken cancellation) => incidents.FindAsync(tenant, id, cancellation);

    public Task<Page<Incident>> ListAsync(IncidentQuery query, CancellationToken cancellation) => incidents.ListAsync(query, cancellation);

    public Task<IReadOnlyList<IncidentEvent>> ReadEventsAsync(string tenant, string id, CancellationToken cancellation) => incidents.ReadEventsAsync(tenant, id, cancellation);

    public Task<IReadOnlyList<Incident>> ReadOrphansAsync(int limit, CancellationToken cancellation) => incidents.ReadOrphansAsync(limit, cancellation);

    public Task<int> ForgetOrphansAsync(int limit, CancellationToken cancellation) => incidents.ForgetOrphansAsync(limit, cancellation);

    public Task<int> PruneAsync(DateTimeOffset resolvedBefore, DateTimeOffset calmBefore, DateTimeOffset failedBefore, int limit, CancellationToken cancellation) =>
        incidents.PruneAsync(resolvedBefore, calmBefore, failedBefore, limit, cancellation);
}

internal enum Step
{
    Address,
    Compose,
    Claim,
}

/// <summary>The outbox of a node that dies after a step was committed, and hears no answer; or before it notes what was sent.</summary>
internal sealed class FaultyNotifications(INotificationStore notifications) : INotificationStore
{
    public Step? DiesAfter { get; init; }

    public bool DiesBeforeEnd { get; init; }

    public Task<IReadOnlyList<DueNews>> ClaimDueAsync(DateTimeOffset now, TimeSpan lease, int limit, CancellationToken cancellation) => notifications.ClaimDueAsync(now, lease, limit, cancellation);

    public Task<bool> AddressAsync(Addressing addressing, CancellationToken cancellation) => AfterAsync(Step.Address, notifications.AddressAsync(addressing, cancellation));

    public Task<IReadOnlyList<WaitingChannel>> ReadChannelsAsync(DateTimeOffset now, int limit, CancellationToken cancellation) => notifications.ReadChannelsAsync(now, limit, cancellation);

    public Task<IReadOnlyList<WaitingNews>> ReadWaitingAsync(string tenant, string channel, int limit, CancellationToken cancellation) => notifications.ReadWaitingAsync(tenant, channel, limit, cancellation);

    public Task<bool> ComposeAsync(WaitingChannel channel, Composition composition, DateTimeOffset now, CancellationToken cancellation) => AfterAsync(Step.Compose, notifications.ComposeAsync(channel, composition, now, cancellation));

    public Task<DateTimeOffset?> UseAsync(string tenant, string channel, DateTimeOffset now, CancellationToken cancellation) => notifications.UseAsync(tenant, channel, now, cancellation);

    public Task<int> HoldAsync(DateTimeOffset now, CancellationToken cancellation) => notifications.HoldAsync(now, cancellation);

    public Task<IReadOnlyList<ClaimedMessage>> ClaimAsync(ChannelKind kind, DateTimeOffset now, TimeSpan lease, int limit, CancellationToken cancellation) =>
        AfterAsync(Step.Claim, notifications.ClaimAsync(kind, now, lease, limit, cancellation));

    public Task<bool> EndAsync(OutgoingMessage message, IReadOnlyList<IncidentEvent> events, CancellationToken cancellation) =>
        DiesBeforeEnd ? throw new IOException("the node dies") : notifications.EndAsync(message, events, cancellation);

    public Task<bool> RetryAsync(OutgoingMessage message, DateTimeOffset at, CancellationToken cancellation) => notifications.RetryAsync(message, at, cancellation);

    private async Task<T> AfterAsync<T>(Step step, Task<T> effect)
    {
        var result = await effect;
        return DiesAfter == step ? throw new IOException("the node dies") : result;
    }
}
