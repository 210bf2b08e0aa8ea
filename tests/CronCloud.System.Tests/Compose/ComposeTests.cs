using System.Data.Common;
using CronCloud.Node.Hosting;
using Microsoft.Extensions.Configuration;

namespace CronCloud.System.Tests.Compose;

/// <summary>docker-compose.yml fits the code that it starts, although no test starts containers.</summary>
public sealed class ComposeTests
{
    private static readonly string[] ConnectionNames = ["sql", "redis", "nats", "clickhouse"];

    [Fact]
    public async Task Docker_compose_accepts_the_file()
    {
        var (exitCode, _, errors) = await ComposeFile.ConfigAsync();

        Assert.True(exitCode == 0, errors);
    }

    [Fact]
    public async Task Without_an_api_key_the_file_is_refused_and_the_variable_named()
    {
        var (exitCode, _, errors) = await ComposeFile.ConfigAsync(apiKey: null);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("CRONCLOUD_API_KEY", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_nodes_and_a_gateway_carry_every_role()
    {
        var roles = (await OurServicesAsync()).ToDictionary(service => service.Name, service => Read(service).Roles);

        Assert.Equal(["gateway", "node1", "node2", "node3"], roles.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["gateway"], roles["gateway"]);
        Assert.All(["node1", "node2", "node3"], node => Assert.Equal(["recorder", "scheduler", "worker"], roles[node].Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Every_environment_variable_of_our_services_is_a_setting_that_the_code_knows()
    {
        foreach (var service in await OurServicesAsync())
        {
            Read(service);
            Assert.All(service.Environment.Keys, name => Assert.True(IsReadBySomebody(name), $"{service}: {name} is no setting."));
        }
    }

    [Fact]
    public async Task The_gateway_asks_for_the_key_that_the_user_sets()
    {
        var gateway = (await OurServicesAsync()).Single(service => service.Name == "gateway");

        Assert.Equal("a-key", Read(gateway).ApiKey);
    }

    [Fact]
    public async Task Every_file_that_the_services_name_exists_in_the_repository()
    {
        foreach (var service in await ComposeFile.ServicesAsync())
        {
            if (service.IsOurs)
                Assert.True(File.Exists(Path.Combine(ComposeFile.Root, (string)service.Build["context"], (string)service.Build["dockerfile"])), $"{service}: {service.Build["dockerfile"]} does not exist.");
            Assert.All(service.MountedPaths, path => Assert.True(Path.Exists(Path.Combine(ComposeFile.Root, path)), $"{service}: {path} does not exist."));
        }
    }

    [Theory]
    [InlineData("gateway/Dockerfile")]
    [InlineData("engine/CronCloud.Node/Dockerfile")]
    public async Task Every_file_that_a_Dockerfile_copies_exists_and_reaches_the_builder(string dockerfile)
    {
        var allowed = (await File.ReadAllLinesAsync(Path.Combine(ComposeFile.Root, ".dockerignore"))).Where(line => line.StartsWith('!')).Select(line => line[1..].TrimEnd('/')).ToList();
        var copies = (await File.ReadAllLinesAsync(Path.Combine(ComposeFile.Root, dockerfile)))
            .Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..^1])
            .ToList();

        Assert.NotEmpty(copies);
        foreach (var source in copies)
        {
            var folder = Path.Combine(ComposeFile.Root, Path.GetDirectoryName(source) ?? "");
            Assert.True(Path.GetFileName(source) is { Length: > 0 } name ? Directory.EnumerateFileSystemEntries(folder, name).Any() : Directory.Exists(folder), $"{dockerfile}: {source} does not exist.");
            Assert.True(allowed.Contains(source.Split('/')[0]), $"{dockerfile}: {source} is left out by .dockerignore.");
        }
    }

    [Fact]
    public async Task Every_image_has_a_pinned_version()
    {
        foreach (var service in await ComposeFile.ServicesAsync())
        {
            var tag = service.Image.Contains(':', StringComparison.Ordinal) ? service.Image[(service.Image.LastIndexOf(':') + 1)..] : "";
            Assert.True(tag.Split('-')[0].Split('.') is { Length: >= 2 } parts && parts.All(part => int.TryParse(part, out _)), $"{service}: '{service.Image}' is not pinned to a version.");
        }
    }

    [Fact]
    public async Task The_servers_that_connection_strings_name_are_services_at_these_ports()
    {
        var services = (await ComposeFile.ServicesAsync()).ToDictionary(service => service.Name);
        foreach (var settings in services.Values.Where(service => service.IsOurs).Select(Read))
        {
            foreach (var (host, port) in Servers(settings))
                Assert.True(services.TryGetValue(host, out var server) && server.Expose.Contains(port), $"{settings.NodeName}: there is no service {host} at port {port}.");
        }
    }

    [Fact]
    public async Task The_credentials_of_connection_strings_are_those_that_the_servers_are_made_with()
    {
        var services = (await ComposeFile.ServicesAsync()).ToDictionary(service => service.Name);
        foreach (var settings in services.Values.Where(service => service.IsOurs).Select(Read))
        {
            var (sql, clickHouse) = (Parts(settings.Sql!), Parts(settings.ClickHouse!));
            Assert.Equal([sql["Username"], sql["Password"], sql["Database"]], Values(services["postgres"], "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"));
            Assert.Equal([clickHouse["Username"], clickHouse["Password"], clickHouse["Database"]], Values(services["clickhouse"], "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD", "CLICKHOUSE_DB"));
        }
    }

    [Fact]
    public async Task All_join_the_same_seeds_each_under_its_own_name()
    {
        var services = await OurServicesAsync();
        var addresses = services.Where(service => service.Name != "gateway").Select(service => $"{service.Name}:{Read(service).Cluster.Port}").ToList();

        Assert.All(services, service => Assert.Equal(service.Name, Read(service).Cluster.Hostname));
        Assert.All(services, service => Assert.Equal(addresses.Order(StringComparer.Ordinal), Read(service).Cluster.SeedNodes.Order(StringComparer.Ordinal)));
        Assert.Single(services.Select(service => string.Join(',', Read(service).Cluster.SeedNodes)).Distinct());
    }

    [Fact]
    public async Task Only_the_gateway_is_published_and_on_this_machine_alone()
    {
        var services = await ComposeFile.ServicesAsync();
        var gateway = services.Single(service => service.Name == "gateway");
        var listens = new Uri(gateway.Environment["Urls"]!).Port;

        Assert.All(services.Where(service => service.Name != "gateway"), service => Assert.Empty(service.Ports));
        Assert.Equal([$"127.0.0.1:8080:{listens}"], gateway.Ports);
    }

    private static async Task<List<ComposeService>> OurServicesAsync() => [.. (await ComposeFile.ServicesAsync()).Where(service => service.IsOurs)];

    private static NodeSettings Read(ComposeService service) => NodeSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(service.Environment.ToDictionary(variable => variable.Key.Replace("__", ":", StringComparison.Ordinal), variable => variable.Value)).Build(),
        NodeSettings.AllRoles);

    /// <summary>Unknown names below CronCloud and Cluster are refused by the settings themselves.</summary>
    private static bool IsReadBySomebody(string name) => name.Split("__") switch
    {
        ["CronCloud", _, ..] or ["Cluster", _] or ["Urls"] => true,
        ["ConnectionStrings", var connection] => ConnectionNames.Contains(connection),
        _ => false,
    };

    private static (string Host, string Port)[] Servers(NodeSettings settings)
    {
        var (sql, clickHouse, redis, nats) = (Parts(settings.Sql!), Parts(settings.ClickHouse!), settings.Redis!.Split(':'), new Uri(settings.Nats!));
        return [(sql["Host"], sql["Port"]), (clickHouse["Host"], clickHouse["Port"]), (redis[0], redis[1]), (nats.Host, $"{nats.Port}")];
    }

    private static Dictionary<string, string> Parts(string connectionString)
    {
        var parts = new DbConnectionStringBuilder { ConnectionString = connectionString };
        return parts.Keys.Cast<string>().ToDictionary(key => key, key => (string)parts[key], StringComparer.OrdinalIgnoreCase);
    }

    private static string?[] Values(ComposeService service, params string[] names) => Array.ConvertAll(names, name => service.Environment.GetValueOrDefault(name));
}
