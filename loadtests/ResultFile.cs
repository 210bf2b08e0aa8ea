using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using CronCloud.TestServers;

namespace CronCloud.LoadTests;

/// <summary>A result with what it was measured on.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static async Task<string> WriteAsync<T>(Arguments arguments, T result)
    {
        var at = TimeProvider.System.GetUtcNow();
        var json = JsonSerializer.Serialize(
            new
            {
                at,
                scenario = arguments,
                machine = new { cores = Environment.ProcessorCount, memoryGb = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30, os = RuntimeInformation.OSDescription, dotnet = Environment.Version.ToString() },
                commit = await CommitAsync(),
                result,
            },
            Options);
        await File.WriteAllTextAsync(PathOf(arguments, "json"), json + "\n");
        return json;
    }

    public static string PathOf(Arguments arguments, string extension) =>
        Path.Combine(Repository.Root, "loadtests/results", $"{string.Join('-', Variant(arguments))}.{extension}");

    /// <summary>What differs from the usual has a result of its own.</summary>
    private static IEnumerable<string> Variant(Arguments arguments)
    {
        yield return arguments.Scenario;
        yield return arguments.Parts;
        if (arguments.Kill)
            yield return "kill";
        if (arguments.Degraded is { } server)
            yield return server;
        if (arguments.Scenario is "steady" or "floor" && arguments.Rate != new Arguments(arguments.Scenario, arguments.Parts).Rate)
            yield return arguments.Rate.ToString(CultureInfo.InvariantCulture);
        if (arguments.Idle > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"idle-{arguments.Idle}");
        if (arguments.Scenario == "day")
            yield return string.Create(CultureInfo.InvariantCulture, $"{arguments.Speed}-times");
    }

    private static async Task<string> CommitAsync()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["describe", "--always", "--dirty"]) { WorkingDirectory = Repository.Root, UseShellExecute = false, RedirectStandardOutput = true })!;
        return (await git.StandardOutput.ReadToEndAsync()).Trim();
    }
}
