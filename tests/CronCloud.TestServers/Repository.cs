using System.Runtime.InteropServices;

namespace CronCloud.TestServers;

/// <summary>The repository that the tests were built in.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>A built file, of the configuration that the tests were built in.</summary>
    public static string Output(string project, string file) => Existing(Path.Combine(Root, project, "bin", Configuration, "net10.0", file));

    /// <summary>A file of the product as it is deployed, of the configuration that the tests were built in: what is published of the gateway has the node in it.</summary>
    public static string Published(string file) => Existing(Path.Combine(Root, "gateway", "bin", Configuration, "net10.0", RuntimeInformation.RuntimeIdentifier, "publish", file));

    private static string Existing(string path) => File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built.");

    private static string Configuration => AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CronCloud.Akka.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("No folder above the tests has CronCloud.Akka.sln.");
        return folder.FullName;
    }
}
