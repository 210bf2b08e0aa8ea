using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>One atomic command of the due index: a .lua file beside this one. The client sends its hash and falls back to its text.</summary>
internal sealed class RedisScript
{
    public static readonly RedisScript Arm = new("arm");
    public static readonly RedisScript Scan = new("scan");
    public static readonly RedisScript Advance = new("advance");
    public static readonly RedisScript Land = new("land");
    public static readonly RedisScript Claim = new("claim");
    public static readonly RedisScript Stamp = new("stamp");
    public static readonly RedisScript Remove = new("remove");
    public static readonly RedisScript Flights = new("flights");
    public static readonly RedisScript Extend = new("extend");
    public static readonly RedisScript Lease = new("lease");
    public static readonly RedisScript Release = new("release");
    public static readonly RedisScript Announce = new("announce");
    public static readonly RedisScript Incarnation = new("incarnation");
    public static readonly RedisScript Begin = new("begin");
    public static readonly RedisScript Built = new("built");

    private readonly string _text;

    private RedisScript(string name)
    {
        using var stream = typeof(RedisScript).Assembly.GetManifestResourceStream($"CronCloud.Backends.DueIndex.Scripts.{name}.lua")
            ?? throw new InvalidOperationException($"The script {name}.lua is not embedded in {typeof(RedisScript).Assembly.GetName().Name}.");
        using var reader = new StreamReader(stream);
        _text = reader.ReadToEnd();
    }

    public Task<RedisResult> RunAsync(IDatabase redis, RedisKey[] keys, RedisValue[] arguments) => redis.ScriptEvaluateAsync(_text, keys, arguments);
}
