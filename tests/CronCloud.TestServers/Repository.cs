namespace CronCloud.TestServers;

/// <summary>The repository that the tests were built in.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>A built file, of the configuration that the tests were built in.</summary>
    public static string Output(string project, string file)
    {
        var path = Path.Combine(Root, project, "bin", Configuration, "net10.0", file);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built.");
    }

    private static string Configuration => AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CronCloud.Akka.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("No folder above the tests has CronCloud.Akka.sln.");
        return folder.FullName;
    }
}
