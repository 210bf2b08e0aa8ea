using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Contenders;

/// <summary>The program of BullMQ, and what it needs from npm: installed once into the cache of the account, a folder for each set of versions.</summary>
internal static class BullMq
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);

    private static string Source(string file) => Path.Combine(Repository.Root, "loadtests/peers/bullmq", file);

    public static string Versions()
    {
        using var package = JsonDocument.Parse(File.ReadAllText(Source("package.json")));
        return string.Join(", ", package.RootElement.GetProperty("dependencies").EnumerateObject().Select(dependency => $"{dependency.Name} {dependency.Value}"));
    }

    /// <summary>Answers where the program is, beside the modules that it imports.</summary>
    public static async Task<string> InstallAsync()
    {
        var version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Source("package.json"))))[..12];
        var folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/croncloud/bullmq", version);
        Directory.CreateDirectory(folder);
        foreach (var file in (string[])["package.json", "peer.js"])
            File.Copy(Source(file), Path.Combine(folder, file), overwrite: true);
        // npm writes this file last.
        if (!File.Exists(Path.Combine(folder, "node_modules/.package-lock.json")))
            await InstallModulesAsync(folder);
        return Path.Combine(folder, "peer.js");
    }

    private static async Task InstallModulesAsync(string folder)
    {
        await using var npm = await ChildProcess.StartAsync(new ProcessStartInfo("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", folder]) { WorkingDirectory = folder });
        if (await npm.WaitForExitAsync(InstallLimit) != 0)
            throw new InvalidOperationException($"npm could not install BullMQ (the Debian package npm brings it and node). It printed:\n{npm.Tail()}");
    }
}
