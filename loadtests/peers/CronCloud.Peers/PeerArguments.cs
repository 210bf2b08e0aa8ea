using System.Globalization;

namespace CronCloud.Peers;

/// <summary>What this process is asked for.</summary>
internal sealed record PeerArguments(string Peer, string Role, string Connection, string Sink, string Name, int Jobs, DateTimeOffset Due)
{
    public const string Usage =
        """
        usage: CronCloud.Peers hangfire-redis|hangfire-postgres|quartz work|herd|steady --connection CONNECTION --sink URL [--name NAME --jobs N --due MS]
          work    works until it is ended
          herd    makes N jobs NAME-0, NAME-1, …, due at MS (milliseconds since 1970)
          steady  makes N jobs, due every second from MS on
        """;

    public static PeerArguments? Parse(string[] args)
    {
        if (args is not ([var peer, var role, .. var rest]) || rest.Length % 2 != 0)
            return null;
        var options = rest.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
        if (!options.TryGetValue("--connection", out var connection) || !options.TryGetValue("--sink", out var sink))
            return null;
        return new PeerArguments(
            peer,
            role,
            connection,
            sink,
            options.GetValueOrDefault("--name", ""),
            int.Parse(options.GetValueOrDefault("--jobs", "0"), CultureInfo.InvariantCulture),
            DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(options.GetValueOrDefault("--due", "0"), CultureInfo.InvariantCulture)));
    }
}
