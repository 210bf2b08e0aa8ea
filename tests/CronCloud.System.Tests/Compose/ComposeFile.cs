using System.ComponentModel;
using System.Diagnostics;
using YamlDotNet.Serialization;

namespace CronCloud.System.Tests.Compose;

/// <summary>docker-compose.yml as docker-compose itself reads it: anchors and variables are in their places.</summary>
internal static class ComposeFile
{
    public static readonly string Root = FindRoot();

    /// <summary>Runs <c>docker-compose config</c>; the key is what a user would set.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> ConfigAsync(string? apiKey = "a-key")
    {
        var start = new ProcessStartInfo("docker-compose", ["--file", Path.Combine(Root, "docker-compose.yml"), "config"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Root,
        };
        start.Environment.Remove("CRONCLOUD_API_KEY");
        start.Environment.Remove("CRONCLOUD_ALLOW_PRIVATE_NETWORKS");
        if (apiKey is not null)
            start.Environment["CRONCLOUD_API_KEY"] = apiKey;
        try
        {
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, await output, await errors);
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException("docker-compose is not installed; it comes with the Debian package docker-compose.", missing);
        }
    }

    public static async Task<IReadOnlyList<ComposeService>> ServicesAsync()
    {
        var (exitCode, output, errors) = await ConfigAsync();
        Assert.True(exitCode == 0, errors);
        var file = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(output);
        return [.. Map(file["services"]).Select(service => new ComposeService(service.Key, Map(service.Value)))];
    }

    public static Dictionary<string, object> Map(object? node) =>
        node is Dictionary<object, object> map ? map.ToDictionary(field => (string)field.Key, field => field.Value) : [];

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "CronCloud.Akka.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds CronCloud.Akka.sln.");
    }
}

/// <summary>A service of the file.</summary>
internal sealed record ComposeService(string Name, IReadOnlyDictionary<string, object> Fields)
{
    public string Image => Fields.GetValueOrDefault("image") as string ?? "";

    /// <summary>Built from this repository.</summary>
    public bool IsOurs => Fields.ContainsKey("build");

    public IReadOnlyDictionary<string, string?> Environment =>
        ComposeFile.Map(Fields.GetValueOrDefault("environment")).ToDictionary(variable => variable.Key, variable => variable.Value as string);

    public IReadOnlyDictionary<string, object> Build => ComposeFile.Map(Fields["build"]);

    public IReadOnlyList<string> Expose => [.. List("expose").Select(port => (string)port)];

    /// <summary>Published ports as address:port:target. Version 1 of docker-compose prints text, version 2 maps.</summary>
    public IReadOnlyList<string> Ports => [.. List("ports").Select(port =>
        port is string text ? text.Split('/')[0] : ComposeFile.Map(port) is var map ? $"{map["host_ip"]}:{map["published"]}:{map["target"]}" : "")];

    /// <summary>Folders and files of this machine that are mounted; named volumes are none.</summary>
    public IReadOnlyList<string> MountedPaths => [.. List("volumes").Select(volume =>
        volume is string text ? text.Split(':')[0] : ComposeFile.Map(volume)["source"] as string ?? "").Where(source => source.StartsWith('/') || source.StartsWith('.'))];

    public override string ToString() => Name;

    private List<object> List(string field) => Fields.GetValueOrDefault(field) as List<object> ?? [];
}
