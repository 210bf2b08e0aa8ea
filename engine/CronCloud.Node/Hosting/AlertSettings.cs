using CronCloud.Backends.Mail;
using CronCloud.Core.Signatures;
using CronCloud.Engine.Alerts;

namespace CronCloud.Node.Hosting;

/// <summary>By which ways people, and somebody outside, hear from CronCloud.</summary>
public sealed record AlertSettings
{
    /// <summary>The sections and values of <c>CronCloud:*</c> that are read here.</summary>
    public static readonly IReadOnlyList<string> Keys = ["SigningKey", "PublicUrl", "Smtp", "Heartbeat"];

    /// <summary>What the secrets of webhooks are derived from; null where none is set.</summary>
    public SigningKey? SigningKey { get; init; }

    /// <summary>Under which address people reach the API; null leaves links out.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Null where no mail can be sent.</summary>
    public SmtpOptions? Smtp { get; init; }

    /// <summary>Null where nobody outside is told.</summary>
    public HeartbeatOptions? Heartbeat { get; init; }

    public static AlertSettings Read(IConfigurationSection own) => new()
    {
        SigningKey = SigningKeyOf(own["SigningKey"]),
        PublicUrl = PublicUrlOf(new SettingsSection(own, "CronCloud")),
        Smtp = SmtpOf(new SettingsSection(own.GetSection("Smtp"), "CronCloud__Smtp")),
        Heartbeat = HeartbeatOf(new SettingsSection(own.GetSection("Heartbeat"), "CronCloud__Heartbeat")),
    };

    /// <summary>The value is not repeated: it is a secret.</summary>
    private static SigningKey? SigningKeyOf(string? text) => text is not { Length: > 0 }
        ? null
        : SigningKey.Read(text) ?? throw new SettingException($"CronCloud__SigningKey must be the base64 of {SigningKey.MinBytes} bytes or more; 'openssl rand -base64 {SigningKey.MinBytes}' makes one.");

    private static Uri? PublicUrlOf(SettingsSection own)
    {
        if (own["PublicUrl"] is not { } text)
            return null;
        var url = own.Url("PublicUrl", text);
        return url is { Query: "", Fragment: "", UserInfo: "" } ? url : throw own.Wrong("PublicUrl", "must end with its path: links go on from there");
    }

    private static SmtpOptions? SmtpOf(SettingsSection section)
    {
        section.Allow("Host", "Port", "Security", "Username", "Password", "From", "Timeout", "AllowInsecure");
        if (section.IsEmpty)
            return null;
        var host = section.Required("Host");
        var options = new SmtpOptions
        {
            Host = Uri.CheckHostName(host) != UriHostNameType.Unknown ? host : throw section.Wrong("Host", "must be a host's name or address"),
            Port = section.Number("Port", standard: 587, 1, 65_535),
            Security = section.Word("Security", SmtpSecurity.StartTls),
            Username = section["Username"],
            Password = section["Password"],
            From = MailAddresses.IsMailbox(section.Required("From")) ? section["From"]! : throw section.Wrong("From", "must be an address such as 'CronCloud <cron@example.com>'"),
            Timeout = section.Duration("Timeout", SmtpOptions.DefaultTimeout, TimeSpan.FromSeconds(1), SmtpOptions.LongestTimeout),
        };
        if ((options.Username is null) != (options.Password is null))
            throw section.Wrong(options.Username is null ? "Username" : "Password", "is missing: user name and password are set together");
        if (options.Security == SmtpSecurity.None && !section.Flag("AllowInsecure") && !IsLoopback(host))
            throw section.Wrong("Security", "none sends mail and password in the clear, which is for a server on this machine; CronCloud__Smtp__AllowInsecure=true allows it all the same");
        return options;
    }

    private static HeartbeatOptions? HeartbeatOf(SettingsSection section)
    {
        section.Allow("Url", "Interval");
        return section.IsEmpty ? null : new HeartbeatOptions
        {
            Url = section.Url("Url", section.Required("Url")),
            Interval = section.Duration("Interval", HeartbeatOptions.DefaultInterval, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1)),
        };
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (System.Net.IPAddress.TryParse(host, out var address) && System.Net.IPAddress.IsLoopback(address));
}
