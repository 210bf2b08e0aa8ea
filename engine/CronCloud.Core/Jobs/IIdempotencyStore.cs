namespace CronCloud.Core.Jobs;

/// <summary>Writes to the API that carried an idempotency key, and what was answered; for 24 hours.</summary>
public interface IIdempotencyStore
{
    /// <summary>
    /// Takes the key for a request that comes now. Where another one, or the same one, has it since <paramref name="notBefore"/> or later, that one's
    /// reservation comes back.
    /// </summary>
    Task<Reservation> ReserveAsync(string tenant, string key, string requestHash, DateTimeOffset now, DateTimeOffset notBefore, CancellationToken cancellation);

    /// <summary>The first answer stays. The answer to a reservation whose key was taken anew since changes nothing.</summary>
    Task AnswerAsync(string tenant, string key, Reservation reservation, StoredAnswer answer, CancellationToken cancellation);

    Task PruneAsync(DateTimeOffset before, CancellationToken cancellation);
}

/// <summary>A request (its hash) that has a key, since when (to the millisecond), whether it is the first to come with it, and the answer once there is one.</summary>
public sealed record Reservation(string RequestHash, DateTimeOffset At, bool IsNew, StoredAnswer? Answer);

public sealed record StoredAnswer(int Status, string? Location, string? ETag, string Body);
