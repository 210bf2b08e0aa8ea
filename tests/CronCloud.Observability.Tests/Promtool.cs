using System.ComponentModel;
using System.Diagnostics;
using CronCloud.TestServers;

namespace CronCloud.Observability.Tests;

/// <summary>Prometheus' own checker.</summary>
internal static class Promtool
{
    /// <summary>Fails the test with what it says, unless all is well.</summary>
    public static async Task RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("promtool", arguments) { WorkingDirectory = Path.Combine(Repository.Root, "charts/prometheus"), UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var promtool = Start(start);
        var (said, complained) = (promtool.StandardOutput.ReadToEndAsync(), promtool.StandardError.ReadToEndAsync());
        await promtool.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(promtool.ExitCode == 0, $"promtool {string.Join(' ', arguments)} ended with {promtool.ExitCode}:\n{await said}\n{await complained}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException("promtool is missing: tests/run installs it (Debian package prometheus).", missing);
        }
    }
}
