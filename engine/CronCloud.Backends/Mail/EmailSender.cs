using System.Net.Security;
using System.Net.Sockets;
using CronCloud.Core.Alerts;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Logging;
using MimeKit;

namespace CronCloud.Backends.Mail;

/// <summary>
/// Hands messages to an SMTP server: a connection for each, TLS and authentication before anything of it is said. What a server refuses becomes a sentence that
/// says what to look at, never with the password.
/// </summary>
/// <param name="options">Which server.</param>
/// <param name="links">Where people read on.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Hears of addresses that were refused while others were taken.</param>
/// <param name="trust">Judges the server's certificate; null leaves it to the machine's authorities. Tests have authorities of their own.</param>
public sealed partial class EmailSender(SmtpOptions options, AlertLinks links, TimeProvider time, ILogger<EmailSender> logger, RemoteCertificateValidationCallback? trust = null) : IChannelSender
{
    private string Server => $"the SMTP server {options.Host}:{options.Port}";

    public bool Takes(Channel channel) => channel.Email is not null;

    /// <summary>
    /// Addresses that the server refuses are left out while it takes others; of a test they are told. Those that it refuses for now, as a server that greylists does, are named by
    /// the exception as remaining.
    /// </summary>
    public async Task SendAsync(Channel channel, AlertMessage message, CancellationToken cancellation)
    {
        using var mail = EmailMessage.Of(message, AlertText.Of(message, links), options.From, channel.Email!.To);
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var refused = await SendAsync(mail, either.Token);
            if (refused.Count > 0 && message.Kind == AlertKind.Test)
                throw new ChannelFailedException($"{Server} refused {Say(refused)}. The other addresses have the test.");
            if (refused.Count > 0)
                LogRefused(channel.Tenant, channel.Id, Say(refused));
            if (refused.Where(IsForNow).ToList() is { Count: > 0 } forNow)
                throw new ChannelFailedException($"{Server} refused {Say(forNow)}. The other addresses have the message.") { Remaining = [.. forNow.Select(r => r.Mailbox?.Address).OfType<string>()] };
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new ChannelFailedException($"{Server} did not take the mail within {options.Timeout.TotalSeconds:0.###} s.");
        }
        catch (Exception broken) when (Explain(broken) is { } reason)
        {
            throw new ChannelFailedException(reason, broken);
        }
    }

    private async Task<IReadOnlyList<SmtpCommandException>> SendAsync(MimeMessage mail, CancellationToken cancellation)
    {
        using var client = new Client { Timeout = Timeout.Infinite }; // the token is the limit
        if (trust is not null)
            client.ServerCertificateValidationCallback = trust;
        await client.ConnectAsync(options.Host, options.Port, SecurityOf(options.Security), cancellation);
        if (options.Username is { } user)
            await client.AuthenticateAsync(user, options.Password ?? "", cancellation);
        await client.SendAsync(mail, cancellation);
        await QuitAsync(client, cancellation);
        return client.Refused;
    }

    /// <summary>The mail is taken: a server that hangs up without a goodbye has it all the same.</summary>
    private async Task QuitAsync(Client client, CancellationToken cancellation)
    {
        try
        {
            await client.DisconnectAsync(quit: true, cancellation);
        }
        catch (Exception rude) when (rude is IOException or SocketException or ProtocolException or CommandException or OperationCanceledException)
        {
            LogNoGoodbye(rude.GetType().Name, rude.Message);
        }
    }

    private static SecureSocketOptions SecurityOf(SmtpSecurity security) => security switch
    {
        SmtpSecurity.StartTls => SecureSocketOptions.StartTls,
        SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
        SmtpSecurity.None => SecureSocketOptions.None,
        _ => throw new ArgumentOutOfRangeException(nameof(security), security, "No such security."),
    };

    /// <summary>Null for what is no answer of a server: our own bugs, and cancellation.</summary>
    private string? Explain(Exception broken) => broken switch
    {
        SslHandshakeException => $"TLS with {Server} failed: its certificate is not trusted on this machine, or is that of another host ({FirstLine(broken)}).",
        AuthenticationException => $"{Server} refused the user name or the password ({FirstLine(broken)}).",
        ServiceNotAuthenticatedException => $"{Server} wants a user name and a password: CronCloud__Smtp__Username and CronCloud__Smtp__Password.",
        NotSupportedException => $"{Server} does not do what CronCloud__Smtp asks for: {FirstLine(broken)}",
        SmtpCommandException { ErrorCode: SmtpErrorCode.RecipientNotAccepted } refused => $"{Server} refused {Answer(refused)}.",
        SmtpCommandException { ErrorCode: SmtpErrorCode.SenderNotAccepted } refused => $"{Server} refused the sender, CronCloud__Smtp__From: {Answer(refused)}.",
        SmtpCommandException refused => $"{Server} refused the mail: {Answer(refused)}.",
        SmtpProtocolException => $"{Server} broke off: {FirstLine(broken)}",
        SocketException or IOException => $"{Server} cannot be reached: {FirstLine(broken)}",
        _ => null,
    };

    private static string Say(IEnumerable<SmtpCommandException> refused) => string.Join("; ", refused.Select(Answer));

    private static bool IsForNow(SmtpCommandException refused) => (int)refused.StatusCode is >= 400 and < 500;

    private static string Answer(SmtpCommandException refused) =>
        $"{(refused.Mailbox is { } mailbox ? $"{mailbox.Address}: " : "")}{(int)refused.StatusCode} {FirstLine(refused)}";

    private static string FirstLine(Exception exception) => exception.Message.Split('\n', 2)[0].Trim();

    [LoggerMessage(EventId = 1805, Level = LogLevel.Warning, Message = "Mail of channel {Tenant}/{Channel} went out, but not to {Refused}")]
    private partial void LogRefused(string tenant, string channel, string refused);

    [LoggerMessage(EventId = 1806, Level = LogLevel.Debug, Message = "The SMTP server took a mail and hung up: {Kind}: {Reason}")]
    private partial void LogNoGoodbye(string kind, string reason);

    /// <summary>One address that is refused does not keep the mail from the others.</summary>
    private sealed class Client : SmtpClient
    {
        private readonly List<SmtpCommandException> _refused = [];

        public IReadOnlyList<SmtpCommandException> Refused => _refused;

        protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
            _refused.Add(new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, response.StatusCode, mailbox, response.Response));

        protected override void OnNoRecipientsAccepted(MimeMessage message) => throw _refused[0];
    }
}
