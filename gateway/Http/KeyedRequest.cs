using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CronCloud.Gateway.Http;

/// <summary>
/// What stays the same each time that a request with an idempotency key is sent: when it was sent first, and a nonce. Whatever it makes takes its
/// name from them, so that the request, sent again after an answer that never came, makes the same thing and not another.
/// </summary>
internal sealed record KeyedRequest(DateTimeOffset FirstSent, string Nonce, bool IsRepeated)
{
    private const int NonceLength = 16;

    public static KeyedRequest Of(string tenant, string key, DateTimeOffset firstSent, bool isRepeated)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{tenant}/{key}/{firstSent.ToUnixTimeMilliseconds()}");
        return new KeyedRequest(firstSent, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..NonceLength], isRepeated);
    }

    /// <summary>Null when the request has no key.</summary>
    public static KeyedRequest? Of(HttpContext context) => context.Features.Get<KeyedRequest>();

    /// <summary>When the request was sent first, if it was sent before; null for one that is new, or has no key.</summary>
    public static DateTimeOffset? SentBefore(HttpContext context) => Of(context) is { IsRepeated: true } keyed ? keyed.FirstSent : null;
}
