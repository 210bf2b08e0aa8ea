namespace CronCloud.Gateway.Http;

/// <summary>
/// Marks an answer that is not kept for the Idempotency-Key of its request, since it holds a secret: the same request again is answered anew, by an address that
/// knows its own doing.
/// </summary>
internal sealed class UnkeptAnswer
{
    private static readonly UnkeptAnswer Mark = new();

    private UnkeptAnswer()
    {
    }

    public static void Set(HttpContext context) => context.Features.Set(Mark);

    public static bool Is(HttpContext context) => context.Features.Get<UnkeptAnswer>() is not null;
}
