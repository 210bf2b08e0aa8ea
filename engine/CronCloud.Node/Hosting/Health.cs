using CronCloud.Core;
using CronCloud.Engine.Clocks;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CronCloud.Node.Hosting;

/// <summary>Whether the process lives, and whether what it stands on can serve.</summary>
internal static class Health
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    public static void AddHealth(this IServiceCollection services) => services.AddSingleton<Readiness>();

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/health/live", () => TypedResults.Ok(new { status = "live" })).WithTags("Running it");
        app.MapGet("/health/ready", ReadyAsync).WithTags("Running it");
    }

    private static async Task<JsonHttpResult<ReadyAnswer>> ReadyAsync(Readiness readiness, CancellationToken cancellation)
    {
        var checks = await readiness.CheckAsync(cancellation);
        var ready = checks.Values.All(check => check.Status == "up");
        return TypedResults.Json(new ReadyAnswer(ready ? "ready" : "notReady", checks), statusCode: ready ? 200 : 503);
    }

    private sealed record ReadyAnswer(string Status, IReadOnlyDictionary<string, DependencyCheck> Dependencies);

    private sealed record DependencyCheck(string Status, string Part, string? Error);

    private sealed class Readiness(IEnumerable<IDependency> dependencies, ClockGuard clock, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        public async Task<IReadOnlyDictionary<string, DependencyCheck>> CheckAsync(CancellationToken cancellation)
        {
            var checks = await Task.WhenAll(dependencies.Select(async d => (d.Name, Check: await CheckAsync(d, cancellation))));
            var all = checks.ToDictionary(c => c.Name, c => c.Check);
            if (!clock.IsTrusted)
                all["clock"] = new DependencyCheck("down", "this machine's clock", "does not agree with the clocks of Redis and SQL, or was not compared with them yet");
            if (lifetime.ApplicationStopping.IsCancellationRequested)
                all["process"] = new DependencyCheck("down", "this process", "is stopping");
            return all;
        }

        private async Task<DependencyCheck> CheckAsync(IDependency dependency, CancellationToken cancellation)
        {
            try
            {
                await dependency.ProbeAsync(cancellation).WaitAsync(Limit, time, cancellation);
                return new DependencyCheck("up", dependency.Description, null);
            }
            catch (Exception away) when (!cancellation.IsCancellationRequested)
            {
                return new DependencyCheck("down", dependency.Description, away.Message.Split('\n', 2)[0]);
            }
        }
    }
}
