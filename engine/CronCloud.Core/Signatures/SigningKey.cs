using System.Security.Cryptography;
using System.Text;

namespace CronCloud.Core.Signatures;

/// <summary>
/// The installation's key, the same on all nodes. The secrets of webhooks are derived from it, each by its name: none is stored, and none travels on the
/// queue. It says nothing of itself in logs.
/// </summary>
public sealed class SigningKey
{
    public const int MinBytes = 32;

    private readonly byte[] _bytes;

    private SigningKey(byte[] bytes) => _bytes = bytes;

    /// <summary>Null when the text is not the base64 of 32 bytes or more.</summary>
    public static SigningKey? Read(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64.Trim(), bytes, out var length) && length >= MinBytes ? new SigningKey(bytes[..length]) : null;
    }

    /// <summary>32 bytes that nobody can tell who has not the key.</summary>
    public byte[] SecretOf(string tenant, string name) => HMACSHA256.HashData(_bytes, Encoding.UTF8.GetBytes($"{tenant}/{name}"));

    public override string ToString() => "a signing key";
}
