namespace CronCloud.Engine.Due;

/// <summary>What looked wrong once: it is wrong when it still is at a later look.</summary>
internal sealed class Suspects
{
    /// <summary>Longer than any step between two servers takes, redeliveries included.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Longer than a round through five million jobs takes.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromDays(1);

    private readonly Dictionary<string, DateTimeOffset> _since = [];

    /// <summary>True when it was seen that long ago already.</summary>
    public bool Confirm(string what, DateTimeOffset now) => !_since.TryAdd(what, now) && now - _since[what] >= Patience && _since.Remove(what);

    public void Forget(DateTimeOffset now)
    {
        foreach (var old in _since.Where(s => now - s.Value > Life).Select(s => s.Key).ToList())
            _since.Remove(old);
    }
}
