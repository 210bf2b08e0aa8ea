using System.Diagnostics;
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
        Path.Combine(Repository.Root, "loadtests/results", $"{arguments.Scenario}-{arguments.Parts}{(arguments.Kill ? "-kill" : "")}.{extension}");

    private static async Task<string> CommitAsync()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["describe", "--always", "--dirty"]) { WorkingDirectory = Repository.Root, UseShellExecute = false, RedirectStandardOutput = true })!;
        return (await git.StandardOutput.ReadToEndAsync()).Trim();
    }
}
