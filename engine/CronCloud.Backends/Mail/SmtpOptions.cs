namespace CronCloud.Backends.Mail;

/// <summary>The SMTP server that takes our mail. Section <c>CronCloud:Smtp</c>. A class, not a record: its text must not tell the password.</summary>
public sealed class SmtpOptions
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Whoever sends a message has it to itself for a minute: by then it must be known what came of it.</summary>
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromSeconds(45);

    public required string Host { get; init; }

    /// <summary>1 to 65,535; 587 by default, which is where STARTTLS is spoken.</summary>
    public int Port { get; init; } = 587;

    public SmtpSecurity Security { get; init; } = SmtpSecurity.StartTls;

    /// <summary>Set together with the password, or not at all.</summary>
    public string? Username { get; init; }

    public string? Password { get; init; }

    /// <summary>The sender, with or without a name: <c>CronCloud &lt;cron@example.com&gt;</c>.</summary>
    public required string From { get; init; }

    /// <summary>For all of one mail, from the connection on. 1 s to 45 s; 30 s by default.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;
}

public enum SmtpSecurity
{
    /// <summary>In the clear at first, then TLS; a server that does not offer it gets nothing.</summary>
    StartTls,

    /// <summary>TLS from the first byte.</summary>
    Tls,

    /// <summary>In the clear.</summary>
    None,
}
