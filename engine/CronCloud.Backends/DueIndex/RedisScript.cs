using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace CronCloud.Backends.DueIndex;

/// <summary>One atomic command of the due index: a .lua file beside this one. Its hash is sent, and its text to a server that does not know it.</summary>
internal sealed class RedisScript
{
    public static readonly RedisScript Arm = Read("arm");
    public static readonly RedisScript Scan = Read("scan");
    public static readonly RedisScript Advance = Read("advance");
    public static readonly RedisScript Land = Read("land");
    public static readonly RedisScript Claim = Read("claim");
    public static readonly RedisScript Stamp = Read("stamp");
    public static readonly RedisScript Remove = Read("remove");
    public static readonly RedisScript Flights = Read("flights");
    public static readonly RedisScript Extend = Read("extend");
    public static readonly RedisScript Lease = Read("lease");
    public static readonly RedisScript Release = Read("release");
    public static readonly RedisScript Announce = Read("announce");
    public static readonly RedisScript Incarnation = Read("incarnation");
    public static readonly RedisScript Begin = Read("begin");
    public static readonly RedisScript Built = Read("built");

    private readonly string _text;
    private readonly byte[] _hash;

#pragma warning disable CA5350 // It is how Redis names scripts, and keeps nothing secret.
    private RedisScript(string text) => (_text, _hash) = (text, SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350

    public async Task<RedisResult> RunAsync(IDatabase redis, RedisKey[] keys, RedisValue[] arguments)
    {
        try
        {
            return await redis.ScriptEvaluateAsync(_hash, keys, arguments);
        }
        catch (RedisServerException unknown) when (unknown.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return await redis.ScriptEvaluateAsync(_text, keys, arguments);
        }
    }

    private static RedisScript Read(string name)
    {
        using var stream = typeof(RedisScript).Assembly.GetManifestResourceStream($"CronCloud.Backends.DueIndex.Scripts.{name}.lua")
            ?? throw new InvalidOperationException($"The script {name}.lua is not embedded in {typeof(RedisScript).Assembly.GetName().Name}.");
        using var reader = new StreamReader(stream);
        return new RedisScript(reader.ReadToEnd());
    }
}
