namespace CronCloud.Gateway.Http;

/// <summary>Marks an address whose body is too long to be held, and that may be sent again without an idempotency key: with one it is carried out again, and only what it makes up stays the same.</summary>
internal sealed class StreamedBody
{
    public static readonly StreamedBody Mark = new();

    private StreamedBody()
    {
    }

    public static bool Is(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<StreamedBody>() is not null;
}
