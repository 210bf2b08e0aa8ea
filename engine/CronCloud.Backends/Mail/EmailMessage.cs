using System.Security.Cryptography;
using System.Text;
using CronCloud.Core.Alerts;
using MimeKit;
using MimeKit.Text;

namespace CronCloud.Backends.Mail;

/// <summary>An alert as mail: plain text and HTML, and an id by which a second copy is told.</summary>
internal static class EmailMessage
{
    public static MimeMessage Of(AlertMessage message, AlertText text, string from, IReadOnlyList<string> to)
    {
        var sender = Mailbox(from);
        var mail = new MimeMessage
        {
            Subject = text.Subject,
            Date = message.At,
            MessageId = $"{IdOf(message)}@{sender.Domain}",
            Body = new MultipartAlternative
            {
                new TextPart(TextFormat.Plain) { Text = text.Text },
                new TextPart(TextFormat.Html) { Text = text.Html },
            },
        };
        mail.From.Add(sender);
        mail.To.AddRange(to.Select(Mailbox));
        mail.Headers.Add(HeaderId.AutoSubmitted, "auto-generated"); // RFC 3834: no absence notices, please
        return mail;
    }

    private static string IdOf(AlertMessage message) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{message.Tenant}/{message.Id}")).AsSpan(0, 16));

    private static MailboxAddress Mailbox(string text) => MailAddresses.Parse(text) ?? throw new FormatException("An address was checked before it was kept, and cannot be read now.");
}
