using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using CronCloud.Backends.Mail;
using CronCloud.Core.Alerts;
using CronCloud.TestServers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using MimeKit;

namespace CronCloud.Backends.Tests.Mail;

/// <summary>Mail as an SMTP server takes it, or does not.</summary>
public sealed class EmailSenderTests
{
    private static readonly DateTimeOffset At = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly AlertLinks Links = new(new Uri("https://cron.example"));
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(MailServerKind.StartTls, SmtpSecurity.StartTls)]
    [InlineData(MailServerKind.Tls, SmtpSecurity.Tls)]
    [InlineData(MailServerKind.Open, SmtpSecurity.None)]
    public async Task A_message_arrives_as_plain_text_and_as_HTML(MailServerKind kind, SmtpSecurity security)
    {
        await using var server = await MailServer.StartAsync(kind);
        var isOpen = kind == MailServerKind.Open;

        await Sender(server, security, withLogin: !isOpen).SendAsync(Channel("ops@example.com", "boss@example.com"), Opened("nightly"), None);

        var mail = Assert.Single(server.Received);
        Assert.Equal((!isOpen, isOpen ? null : MailServer.User), (mail.IsSecure, string.IsNullOrEmpty(mail.User) ? null : mail.User));
        Assert.Equal(["ops@example.com", "boss@example.com"], mail.To);
        var (message, text) = (mail.Message, AlertText.Of(Opened("nightly"), Links));
        Assert.Equal("\"CronCloud\" <cron@example.com>", Assert.Single(message.From).ToString());
        Assert.Equal(["ops@example.com", "boss@example.com"], message.To.Mailboxes.Select(m => m.Address));
        Assert.Equal(("[CronCloud] nightly: 3 executions in a row failed", At), (message.Subject, message.Date));
        Assert.Equal("auto-generated", message.Headers[HeaderId.AutoSubmitted]);
        Assert.EndsWith("@example.com", message.MessageId, StringComparison.Ordinal);
        var parts = Assert.IsType<MultipartAlternative>(message.Body).Cast<TextPart>().ToList();
        Assert.Equal(["text/plain", "text/html"], parts.Select(p => p.ContentType.MimeType));
        Assert.Equal((text.Text, text.Html), (parts[0].Text.ReplaceLineEndings("\n"), parts[1].Text.ReplaceLineEndings("\n")));
    }

    [Fact]
    public async Task Sent_again_it_has_the_same_id_and_another_message_has_another()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);
        var sender = Sender(server);

        await sender.SendAsync(Channel("a@example.com"), Opened("a"), None);
        await sender.SendAsync(Channel("a@example.com"), Opened("a"), None);
        await sender.SendAsync(Channel("a@example.com"), Opened("a") with { Id = "m2" }, None);

        var ids = server.Received.Select(m => m.Message.MessageId).ToList();
        Assert.Equal((3, ids[0], 2), (ids.Count, ids[1], ids.Distinct().Count()));
    }

    [Fact]
    public async Task What_a_job_is_called_adds_no_header_and_no_address()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);

        await Sender(server).SendAsync(Channel("ops@example.com"), Opened("x\r\nBcc: evil@example.com\r\nX-Evil: 1\r\n\r\nbody"), None);

        var mail = Assert.Single(server.Received);
        Assert.Equal(["ops@example.com"], mail.To);
        Assert.Empty(mail.Message.Bcc);
        Assert.DoesNotContain(mail.Message.Headers, h => h.Field == "X-Evil");
        Assert.StartsWith("[CronCloud] x Bcc: evil@example.com X-Evil: 1 body: ", mail.Message.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_the_machine_does_not_trust_gets_nothing()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);

        var failed = await FailAsync(Sender(server, trust: null));

        Assert.StartsWith($"TLS with the SMTP server 127.0.0.1:{server.Port} failed: its certificate is not trusted", failed.Message, StringComparison.Ordinal);
        Assert.Empty(server.Received);
    }

    [Fact]
    public async Task A_server_without_STARTTLS_gets_nothing()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.Open);

        var failed = await FailAsync(Sender(server, withLogin: false));

        Assert.Contains("STARTTLS", failed.Message, StringComparison.Ordinal);
        Assert.Empty(server.Received);
    }

    [Fact]
    public async Task A_wrong_password_is_said_and_not_told()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);

        var failed = await FailAsync(Sender(server, password: "wrong-but-secret"));

        Assert.StartsWith($"the SMTP server 127.0.0.1:{server.Port} refused the user name or the password", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-but-secret", failed.ToString(), StringComparison.Ordinal);
        Assert.Empty(server.Received);
    }

    [Fact]
    public async Task A_login_that_is_missing_is_said()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);

        var failed = await FailAsync(Sender(server, withLogin: false));

        Assert.Contains("CronCloud__Smtp__Username", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_refused_keeps_the_mail_from_no_other()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);
        var channel = Channel("refused@example.com", "ops@example.com");

        await Sender(server).SendAsync(channel, Opened("a"), None);

        Assert.Equal(["ops@example.com"], Assert.Single(server.Received).To);
    }

    [Fact]
    public async Task An_address_that_is_refused_for_now_remains_and_the_others_have_the_message()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);

        var failed = await FailAsync(Sender(server), Channel("later@example.com", "refused@example.com", "ops@example.com"), Opened("a"));

        Assert.Equal(["later@example.com"], failed.Remaining);
        Assert.Contains("refused later@example.com: 450", failed.Message, StringComparison.Ordinal);
        Assert.Equal(["ops@example.com"], Assert.Single(server.Received).To);
        Assert.Empty((await FailAsync(Sender(server), Channel("later@example.com"), Opened("a"))).Remaining);
    }

    [Fact]
    public async Task A_test_tells_the_addresses_that_were_refused()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);
        var test = Opened("a") with { Kind = AlertKind.Test, Items = [] };

        var failed = await FailAsync(Sender(server), Channel("refused@example.com", "ops@example.com"), test);

        Assert.Contains("refused refused@example.com: 550", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ops@", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_all_addresses_are_refused_it_failed()
    {
        await using var server = await MailServer.StartAsync(MailServerKind.StartTls);

        var failed = await FailAsync(Sender(server), Channel("refused@example.com"), Opened("a"));

        Assert.Contains("refused refused@example.com: 550", failed.Message, StringComparison.Ordinal);
        Assert.Empty(server.Received);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said()
    {
        var port = FreePort.Next();

        var failed = await FailAsync(new EmailSender(Options(port, SmtpSecurity.StartTls), Links, TimeProvider.System, NullLogger<EmailSender>.Instance));

        Assert.StartsWith($"the SMTP server 127.0.0.1:{port} cannot be reached: ", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_left_after_the_timeout()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var time = new FakeTimeProvider();
        var sender = new EmailSender(Options(((IPEndPoint)listener.LocalEndpoint).Port, SmtpSecurity.StartTls), Links, time, NullLogger<EmailSender>.Instance);

        var failing = FailAsync(sender);
        using var silent = await listener.AcceptTcpClientAsync();
        time.Advance(TimeSpan.FromSeconds(30));

        Assert.EndsWith("did not take the mail within 30 s.", (await failing).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_the_settings_are_named()
    {
        var sender = new UnconfiguredEmail();

        var missing = await Assert.ThrowsAsync<ChannelNotConfiguredException>(() => sender.SendAsync(Channel("a@example.com"), Opened("a"), None));

        Assert.Contains("CronCloud__Smtp__Host", missing.Message, StringComparison.Ordinal);
    }

    private static async Task<ChannelFailedException> FailAsync(EmailSender sender, Channel? channel = null, AlertMessage? message = null) =>
        await Assert.ThrowsAsync<ChannelFailedException>(() => sender.SendAsync(channel ?? Channel("ops@example.com"), message ?? Opened("a"), None));

    private static EmailSender Sender(MailServer server, SmtpSecurity security = SmtpSecurity.StartTls, bool withLogin = true, string password = MailServer.Password) =>
        Sender(server, server.Trusts, security, withLogin, password);

    private static EmailSender Sender(MailServer server, RemoteCertificateValidationCallback? trust, SmtpSecurity security = SmtpSecurity.StartTls, bool withLogin = true, string password = MailServer.Password) =>
        new(Options(server.Port, security, withLogin ? MailServer.User : null, withLogin ? password : null), Links, TimeProvider.System, NullLogger<EmailSender>.Instance, trust);

    private static SmtpOptions Options(int port, SmtpSecurity security, string? user = null, string? password = null) =>
        new() { Host = "127.0.0.1", Port = port, Security = security, Username = user, Password = password, From = "CronCloud <cron@example.com>" };

    private static Channel Channel(params string[] to) => new() { Tenant = "t", Id = "ops", Email = new EmailChannel { To = to }, Version = 1, CreatedAt = At, UpdatedAt = At };

    private static AlertMessage Opened(string job) => new()
    {
        Id = "m1",
        Tenant = "t",
        Kind = AlertKind.Opened,
        At = At,
        Items = [new AlertItem { IncidentId = "i1", JobId = job, Summary = "3 executions in a row failed", Since = At.AddMinutes(-5), LastError = "answered 500 <b>é€😀</b>" }],
    };
}
