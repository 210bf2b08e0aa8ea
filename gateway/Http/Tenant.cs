namespace CronCloud.Gateway.Http;

/// <summary>Whose jobs a request is about.</summary>
internal static class Tenant
{
    public static string Of(HttpContext context) => context.Items.TryGetValue(typeof(Tenant), out var tenant) ? (string)tenant! : "default";
}
