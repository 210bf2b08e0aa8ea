using System.Globalization;
using System.Net;

namespace CronCloud.Node.Hosting;

/// <summary>How nodes find each other. Section <c>Cluster</c>; alone, a node joins itself.</summary>
public sealed record ClusterSettings
{
    private static readonly string[] KnownKeys = ["Hostname", "Port", "SeedNodes"];

    /// <summary>The address that other nodes reach this one at; 127.0.0.1 by default.</summary>
    public required string Hostname { get; init; }

    /// <summary>0 takes a free one; with seed nodes it must be fixed.</summary>
    public required int Port { get; init; }

    /// <summary>host:port of nodes to join; the same list on every node.</summary>
    public required IReadOnlyList<string> SeedNodes { get; init; }

    public static ClusterSettings Read(IConfigurationSection section)
    {
        if (section.GetChildren().FirstOrDefault(c => !KnownKeys.Contains(c.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            throw new SettingException($"Cluster__{unknown.Key} is no setting. There are: {string.Join(", ", KnownKeys)}.");

        var listed = section.GetSection("SeedNodes").GetChildren().Select(c => c.Value ?? "");
        var seeds = (section["SeedNodes"] is { } text ? text.Split(',', StringSplitOptions.TrimEntries) : listed).Where(s => s.Length > 0).ToList();
        foreach (var seed in seeds)
        {
            var colon = seed.LastIndexOf(':');
            if (colon <= 0 || !ushort.TryParse(seed.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seedPort) || seedPort == 0)
                throw new SettingException($"Cluster__SeedNodes: '{seed}' is not host:port.");
        }

        var port = 0;
        if (section["Port"] is { Length: > 0 } portText && (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > IPEndPoint.MaxPort))
            throw new SettingException($"Cluster__Port: '{portText}' is no port (0 to 65535).");
        if (seeds.Count > 0 && port == 0)
            throw new SettingException("Cluster__Port must be set when Cluster__SeedNodes is.");
        return new ClusterSettings { Hostname = section["Hostname"] is { Length: > 0 } host ? host : "127.0.0.1", Port = port, SeedNodes = seeds };
    }
}
