using MimeKit;

namespace CronCloud.Backends.Mail;

/// <summary>What counts as an address.</summary>
public static class MailAddresses
{
    private const int MaxLength = 254;

    private static readonly ParserOptions Strict = new() { AddressParserComplianceMode = RfcComplianceMode.Strict, AllowAddressesWithoutDomain = false, AllowUnquotedCommasInAddresses = false };

    /// <summary>An address and nothing beside it: <c>ops@example.com</c>. Before the @ it has ASCII alone: few servers take more.</summary>
    public static bool IsPlain(string text) => Parse(text) is { } mailbox && mailbox.LocalPart.All(char.IsAscii) && string.IsNullOrEmpty(mailbox.Name) && mailbox.Address == text;

    /// <summary>An address, with or without a name.</summary>
    public static bool IsMailbox(string text) => Parse(text) is not null;

    /// <summary>Null when the text is none.</summary>
    internal static MailboxAddress? Parse(string text) =>
        text.Length <= MaxLength && !text.Any(char.IsControl) && MailboxAddress.TryParse(Strict, text, out var mailbox) && mailbox.Domain.Length > 0 && mailbox.Route.Count == 0 ? mailbox : null;
}
