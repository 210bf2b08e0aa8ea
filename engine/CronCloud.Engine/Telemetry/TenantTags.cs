using System.Collections.Concurrent;

namespace CronCloud.Engine.Telemetry;

/// <summary>
/// The tenant as a tag. The first that this process meets have a value each, all others share one, so that no metric grows with the number of customers.
/// </summary>
/// <param name="most">How many have a value of their own.</param>
public sealed class TenantTags(int most)
{
    public const string Name = "tenant";

    /// <summary>The value of those beyond the limit.</summary>
    public const string Other = "other";

    private static readonly KeyValuePair<string, object?> OtherTag = new(Name, Other);

    private readonly ConcurrentDictionary<string, KeyValuePair<string, object?>> _known = [];
    private readonly Lock _lock = new();
    private volatile bool _isFull = most <= 0;

    /// <summary>Those of this process: a hundred tenants.</summary>
    public static TenantTags OfProcess { get; } = new(100);

    public KeyValuePair<string, object?> Of(string tenant)
    {
        if (_known.TryGetValue(tenant, out var tag))
            return tag;
        return _isFull ? OtherTag : Add(tenant);
    }

    private KeyValuePair<string, object?> Add(string tenant)
    {
        lock (_lock)
        {
            if (_isFull)
                return _known.GetValueOrDefault(tenant, OtherTag);
            var tag = _known.GetOrAdd(tenant, new KeyValuePair<string, object?>(Name, tenant));
            _isFull = _known.Count >= most;
            return tag;
        }
    }
}
