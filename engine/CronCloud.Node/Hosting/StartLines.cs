using CronCloud.Core;

namespace CronCloud.Node.Hosting;

/// <summary>What a person sees first: where it listens, what it stands on, and how to make a first job.</summary>
internal static class StartLines
{
    public static void Write(WebApplication app, NodeSettings settings, TimeSpan took)
    {
        var url = app.Urls.FirstOrDefault() ?? "no address";
        Console.WriteLine();
        Console.WriteLine($"CronCloud {typeof(StartLines).Assembly.GetName().Version?.ToString(3)} is up after {took.TotalSeconds:0.0} s, as {string.Join(", ", settings.Roles)}.");
        Console.WriteLine($"  listens on  {string.Join(", ", app.Urls)}");
        Console.WriteLine($"  data        {Path.GetFullPath(settings.DataDirectory)}");
        foreach (var dependency in app.Services.GetServices<IDependency>())
            Console.WriteLine($"  {dependency.Name,-10}  {dependency.Description}");
        if (settings.Has("gateway"))
        {
            Console.WriteLine($"  targets     {(settings.Targets.AllowPrivateNetworks ? "any address, private networks too" : "public addresses only; CronCloud__Targets__AllowPrivateNetworks=true allows all")}");
            Console.WriteLine();
            Console.WriteLine("Your first job, every five seconds, and what came of it:");
            Console.WriteLine($"  curl {url}/v1/jobs -H 'Content-Type: application/json'{Key(settings)} -d '{{\"id\":\"hello\",\"schedule\":{{\"every\":\"5s\"}},\"target\":{{\"http\":{{\"url\":\"{url}/health/live\",\"method\":\"GET\"}}}}}}'");
            Console.WriteLine($"  curl '{url}/v1/executions?job=hello'{Key(settings)}");
        }

        Console.WriteLine();
    }

    private static string Key(NodeSettings settings) => settings.ApiKey is null ? "" : " -H \"Authorization: Bearer $CronCloud__ApiKey\"";
}
