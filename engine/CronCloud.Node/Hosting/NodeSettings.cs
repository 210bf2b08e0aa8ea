using System.ComponentModel.DataAnnotations;
using System.Globalization;
using CronCloud.Engine.Executing;

namespace CronCloud.Node.Hosting;

/// <summary>What a process is told about itself, read once and checked before anything starts.</summary>
public sealed record NodeSettings
{
    public static readonly IReadOnlyList<string> AllRoles = ["gateway", "scheduler", "worker", "recorder"];

    private static readonly string[] KnownKeys = ["DataDirectory", "Roles", "NodeName", "ApiKey", "Targets", "Worker", .. AlertSettings.Keys];

    public required IReadOnlySet<string> Roles { get; init; }

    /// <summary>Where the twins keep their files.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>This node in history, logs and leases.</summary>
    public required string NodeName { get; init; }

    /// <summary>What callers of the API must send as a bearer token; null serves loopback only.</summary>
    public string? ApiKey { get; init; }

    public string? Sql { get; init; }

    public string? Redis { get; init; }

    public string? Nats { get; init; }

    public string? ClickHouse { get; init; }

    public required TargetOptions Targets { get; init; }

    public required WorkerOptions Worker { get; init; }

    public required AlertSettings Alerts { get; init; }

    /// <summary>Whether something of it is kept in the data directory.</summary>
    public bool UsesFiles => Sql is null || Nats is null || ClickHouse is null;

    public bool Has(string role) => Roles.Contains(role);

    /// <summary>Reads <c>CronCloud:*</c> and <c>ConnectionStrings:*</c>; a wrong value is a <see cref="SettingException"/> that names it.</summary>
    public static NodeSettings Read(IConfiguration configuration, IReadOnlyList<string> defaultRoles)
    {
        var own = configuration.GetSection("CronCloud");
        if (own.GetChildren().FirstOrDefault(c => !KnownKeys.Contains(c.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            throw new SettingException($"CronCloud__{unknown.Key} is no setting. There are: {string.Join(", ", KnownKeys)}.");

        var settings = new NodeSettings
        {
            Roles = ReadRoles(own["Roles"], defaultRoles),
            DataDirectory = own["DataDirectory"] is { Length: > 0 } directory ? directory : "./data",
            NodeName = own["NodeName"] is { Length: > 0 } name ? name : string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}"),
            ApiKey = own["ApiKey"] is { Length: > 0 } key ? key : null,
            Sql = configuration.GetConnectionString("sql") is { Length: > 0 } sql ? sql : null,
            Redis = configuration.GetConnectionString("redis") is { Length: > 0 } redis ? redis : null,
            Nats = configuration.GetConnectionString("nats") is { Length: > 0 } nats ? nats : null,
            ClickHouse = configuration.GetConnectionString("clickhouse") is { Length: > 0 } clickHouse ? clickHouse : null,
            Targets = Bind<TargetOptions>(own.GetSection("Targets"), "CronCloud__Targets"),
            Worker = Bind<WorkerOptions>(own.GetSection("Worker"), "CronCloud__Worker"),
            Alerts = AlertSettings.Read(own),
        };
        settings.CheckTwins();
        return settings;
    }

    /// <summary>Twins live in one process: a process that shares the work with others needs the real servers.</summary>
    private void CheckTwins()
    {
        if (AllRoles.All(Has))
            return;
        foreach (var (name, value) in new[] { ("sql", Sql), ("redis", Redis), ("nats", Nats), ("clickhouse", ClickHouse) })
        {
            if (value is null)
                throw new SettingException($"ConnectionStrings__{name} is not set, but the roles {string.Join(",", Roles)} leave work to other nodes: twins cannot be shared between processes.");
        }
    }

    private static HashSet<string> ReadRoles(string? text, IReadOnlyList<string> defaultRoles)
    {
        var roles = text is { Length: > 0 } ? text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [.. defaultRoles];
        foreach (var role in roles)
        {
            if (!AllRoles.Contains(role))
                throw new SettingException($"CronCloud__Roles: '{role}' is no role. There are: {string.Join(", ", AllRoles)}.");
        }

        return roles.Length > 0 ? [.. roles] : throw new SettingException("CronCloud__Roles names no role.");
    }

    private static T Bind<T>(IConfigurationSection section, string name)
        where T : class, new()
    {
        var options = new T();
        try
        {
            section.Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
            Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
            return options;
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ValidationException)
        {
            throw new SettingException($"{name}: {wrong.Message}");
        }
    }
}
