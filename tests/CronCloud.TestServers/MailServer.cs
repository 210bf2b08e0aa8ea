using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace CronCloud.TestServers;

/// <summary>
/// An SMTP server that keeps what arrived. It takes mail from <see cref="User"/> with <see cref="Password"/>, refuses addresses that begin with <c>refused</c>, and
/// for now those that begin with <c>later</c>, and has a
/// certificate that only its own <see cref="Trusts"/> knows.
/// </summary>
public sealed class MailServer : IAsyncDisposable
{
    public const string User = "cron";
    public const string Password = "s3cret-of-the-mail-server";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<ReceivedMail> _received = [];
    private readonly X509Certificate2 _certificate = MakeCertificate();
    private readonly Task _running;

    private MailServer(MailServerKind kind)
    {
        var options = new SmtpServerOptionsBuilder().ServerName("localhost").Endpoint(endpoint =>
        {
            endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, Port)).IsSecure(kind == MailServerKind.Tls);
            if (kind != MailServerKind.Open)
                endpoint.Certificate(_certificate).AuthenticationRequired();
        });
        var services = new ServiceProvider();
        services.Add((IMessageStore)new Store(_received));
        services.Add((IMailboxFilter)new Filter());
        services.Add((IUserAuthenticator)new Authenticator());
        _running = new SmtpServer.SmtpServer(options.Build(), services).StartAsync(_stopping.Token);
    }

    public int Port { get; } = FreePort.Next();

    public IReadOnlyList<ReceivedMail> Received => [.. _received];

    public static async Task<MailServer> StartAsync(MailServerKind kind)
    {
        var server = new MailServer(kind);
        using var limit = new CancellationTokenSource(StartLimit);
        while (!await server.ListensAsync(limit.Token))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
        return server;
    }

    /// <summary>Whether a certificate is this server's.</summary>
    public bool Trusts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(_certificate.RawData);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _certificate.Dispose();
    }

    private async Task<bool> ListensAsync(CancellationToken cancellation)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port, cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }

    private sealed class Store(ConcurrentQueue<ReceivedMail> received) : MessageStore
    {
        public override Task<SmtpResponse> SaveAsync(ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            using var content = new MemoryStream(buffer.ToArray());
            var message = MimeMessage.Load(content, cancellationToken);
            received.Enqueue(new ReceivedMail(message, [.. transaction.To.Select(to => $"{to.User}@{to.Host}")], context.Pipe.IsSecure, context.Authentication.User));
            return Task.FromResult(SmtpResponse.Ok);
        }
    }

    private sealed class Filter : MailboxFilter
    {
        public override Task<bool> CanDeliverToAsync(ISessionContext context, IMailbox to, IMailbox from, CancellationToken cancellationToken) => to.User.StartsWith("later", StringComparison.Ordinal)
            ? throw new SmtpResponseException(new SmtpResponse((SmtpReplyCode)450, "try again later"))
            : Task.FromResult(!to.User.StartsWith("refused", StringComparison.Ordinal));
    }

    private sealed class Authenticator : UserAuthenticator
    {
        public override Task<bool> AuthenticateAsync(ISessionContext context, string user, string password, CancellationToken cancellationToken) =>
            Task.FromResult(user == User && password == Password);
    }
}

public enum MailServerKind
{
    /// <summary>STARTTLS, and then a login.</summary>
    StartTls,

    /// <summary>TLS from the first byte, and then a login.</summary>
    Tls,

    /// <summary>In the clear, and from anybody.</summary>
    Open,
}

/// <summary>A mail as it arrived, to whom its envelope said, and how it came.</summary>
public sealed record ReceivedMail(MimeMessage Message, IReadOnlyList<string> To, bool IsSecure, string? User);
