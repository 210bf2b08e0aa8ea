using System.Diagnostics;
using CronCloud.Node.Hosting;
using CronCloud.TestServers;
using Microsoft.Extensions.Configuration;
using YamlDotNet.RepresentationModel;

namespace CronCloud.System.Tests.Compose;

/// <summary>docker-compose.yml, as Docker Compose reads it, against the code.</summary>
public sealed class ComposeTests
{
    private static readonly Lazy<Task<YamlMappingNode>> Services = new(ReadAsync);

    [Fact]
    public async Task Every_setting_of_our_services_is_one_that_the_code_knows()
    {
        foreach (var (name, service) in await OwnAsync())
        {
            var environment = Map(service, "environment").ToDictionary(e => e.Key.Replace("__", ":", StringComparison.Ordinal), e => (string?)e.Value.ToString());
            Assert.All(environment.Keys, key => Assert.Contains(key.Split(':')[0], new[] { "ConnectionStrings", "CronCloud", "Urls" }));
            var settings = NodeSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(environment).Build(), ["scheduler", "worker", "recorder"]);
            Assert.Equal(name, settings.NodeName);
            Assert.All(new[] { settings.Sql, settings.Redis, settings.Nats, settings.ClickHouse }, Assert.NotNull);
        }
    }

    [Fact]
    public async Task Every_Dockerfile_exists_publishes_a_project_that_exists_and_starts_the_program_that_it_stands_beside()
    {
        foreach (var (_, service) in await OwnAsync())
        {
            var dockerfile = Path.Combine(Repository.Root, Map(service, "build")["dockerfile"].ToString()!);
            Assert.True(File.Exists(dockerfile), dockerfile);
            var text = await File.ReadAllTextAsync(dockerfile);
            var project = text.Split(' ').Single(word => word.EndsWith(".csproj", StringComparison.Ordinal));
            Assert.True(File.Exists(Path.Combine(Repository.Root, project)), project);
            var program = Path.GetFileNameWithoutExtension(Directory.GetFiles(Path.GetDirectoryName(dockerfile)!, "*.csproj").Single());
            Assert.Contains($"ENTRYPOINT [\"./{program}\"]", text, StringComparison.Ordinal);
            Assert.True(File.Exists(Repository.Published(program)), program);
        }
    }

    [Fact]
    public async Task Every_image_has_a_pinned_version_and_only_loopback_is_published()
    {
        foreach (var (name, service) in (await Services.Value).Children)
        {
            var image = service["image"].ToString();
            Assert.True(image.Contains(':', StringComparison.Ordinal) && image.Split(':')[1].Count(c => c == '.') >= 2 - (image.StartsWith("postgres", StringComparison.Ordinal) ? 1 : 0), $"{name}: {image}");
            if (((YamlMappingNode)service).Children.TryGetValue("ports", out var ports))
                Assert.All((YamlSequenceNode)ports, port => Assert.StartsWith("127.0.0.1:", port.ToString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Every_file_that_a_service_mounts_exists()
    {
        foreach (var (_, service) in (await Services.Value).Children)
        {
            var volumes = ((YamlMappingNode)service).Children.TryGetValue("volumes", out var all) ? ((YamlSequenceNode)all).Select(volume => volume.ToString().Split(':')[0]) : [];
            Assert.All(volumes.Where(source => source.StartsWith('/')), source => Assert.True(Path.Exists(source), source));
        }
    }

    [Fact]
    public async Task The_servers_keep_what_they_are_told()
    {
        var services = await Services.Value;

        Assert.Contains("--appendonly", services["redis"]["command"].ToString(), StringComparison.Ordinal);
        Assert.Contains("-js", services["nats"]["command"].ToString(), StringComparison.Ordinal);
        Assert.Equal(4, (await OwnAsync()).Count());
    }

    private static async Task<IEnumerable<KeyValuePair<string, YamlMappingNode>>> OwnAsync() =>
        (await Services.Value).Children.Where(s => s.Value["image"].ToString().StartsWith("croncloud/", StringComparison.Ordinal)).Select(s => new KeyValuePair<string, YamlMappingNode>(s.Key.ToString(), (YamlMappingNode)s.Value));

    private static Dictionary<string, YamlNode> Map(YamlMappingNode service, string name) =>
        ((YamlMappingNode)service[name]).Children.ToDictionary(c => c.Key.ToString(), c => c.Value);

    private static async Task<YamlMappingNode> ReadAsync()
    {
        var start = new ProcessStartInfo("docker-compose", ["config"]) { WorkingDirectory = Repository.Root };
        start.Environment["CRONCLOUD_API_KEY"] = "a-key";
        await using var compose = await ChildProcess.StartAsync(start);
        var code = await compose.WaitForExitAsync(TimeSpan.FromSeconds(60));
        Assert.True(code == 0, $"docker-compose config (Debian package docker-compose) ended with {code}:\n{compose.Tail(50)}");
        var yaml = new YamlStream();
        yaml.Load(new StringReader(string.Join('\n', compose.Lines)));
        return (YamlMappingNode)yaml.Documents[0].RootNode["services"];
    }
}
