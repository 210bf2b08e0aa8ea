using CronCloud.Backends.Mail;

namespace CronCloud.Backends.Tests.Mail;

public sealed class MailAddressesTests
{
    [Theory]
    [InlineData("ops@example.com", true)]
    [InlineData("first.last+tag@sub.example.co.uk", true)]
    [InlineData("ops@[192.0.2.1]", true)]
    [InlineData("ops@exämple.com", true)]
    [InlineData("öps@example.com", false)]
    [InlineData("", false)]
    [InlineData("ops", false)]
    [InlineData("@example.com", false)]
    [InlineData("ops@", false)]
    [InlineData("a b@example.com", false)]
    [InlineData("a@example.com,b@example.com", false)]
    [InlineData("a@example.com b@example.com", false)]
    [InlineData("Ops <ops@example.com>", false)]
    [InlineData("<ops@example.com>", false)]
    [InlineData("ops@example.com\r\nBcc: x@example.com", false)]
    [InlineData("ops@exam\tple.com", false)]
    [InlineData("<@relay.example:ops@example.com>", false)]
    [InlineData("group: ops@example.com;", false)]
    public void An_address_and_nothing_beside_it(string text, bool isPlain) => Assert.Equal(isPlain, MailAddresses.IsPlain(text));

    [Theory]
    [InlineData("CronCloud <cron@example.com>", true)]
    [InlineData("\"Cron, Cloud\" <cron@example.com>", true)]
    [InlineData("cron@example.com", true)]
    [InlineData("CronCloud", false)]
    [InlineData("CronCloud <cron>", false)]
    [InlineData("CronCloud\n <cron@example.com>", false)]
    public void A_sender_may_have_a_name(string text, bool isMailbox) => Assert.Equal(isMailbox, MailAddresses.IsMailbox(text));
}
