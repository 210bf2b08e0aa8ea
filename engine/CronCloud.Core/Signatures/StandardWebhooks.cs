using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CronCloud.Core.Signatures;

/// <summary>Signatures as Standard Webhooks 1.0.0 has them, symmetric (<c>v1</c>).</summary>
public static class StandardWebhooks
{
    private const int MaxIdLength = 64;

    /// <summary>A secret in the form that receivers' libraries read.</summary>
    public static string Show(ReadOnlySpan<byte> secret) => $"whsec_{Convert.ToBase64String(secret)}";

    public static string Sign(ReadOnlySpan<byte> secret, string messageId, long timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{messageId}.{timestamp}.")));
        hmac.AppendData(body);
        return $"v1,{Convert.ToBase64String(hmac.GetHashAndReset())}";
    }

    /// <summary>The three headers of an attempt that is made at an instant.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Headers(ReadOnlySpan<byte> secret, string messageId, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var timestamp = at.ToUnixTimeSeconds();
        return
        [
            new("webhook-id", messageId),
            new("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture)),
            new("webhook-signature", Sign(secret, messageId, timestamp, body)),
        ];
    }

    /// <summary>The text itself, if it may be a message's id: a full stop in it would let one message be taken for another. Else one that follows from it.</summary>
    public static string MessageIdOf(string text) =>
        text.Length is > 0 and <= MaxIdLength && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? text
            : $"msg_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16))}";
}
