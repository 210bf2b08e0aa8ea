namespace CronCloud.Core.Jobs;

/// <summary>Answers of the API to writes that carried an idempotency key; kept for 24 hours.</summary>
public interface IIdempotencyStore
{
    Task<StoredAnswer?> FindAsync(string tenant, string key, DateTimeOffset notBefore, CancellationToken cancellation);

    /// <summary>The first answer stays: a second one for the same key changes nothing.</summary>
    Task KeepAsync(string tenant, string key, StoredAnswer answer, CancellationToken cancellation);

    Task PruneAsync(DateTimeOffset before, CancellationToken cancellation);
}

/// <summary>What a request was (its hash) and what was answered.</summary>
public sealed record StoredAnswer(string RequestHash, int Status, string? Location, string? ETag, string Body, DateTimeOffset At);
