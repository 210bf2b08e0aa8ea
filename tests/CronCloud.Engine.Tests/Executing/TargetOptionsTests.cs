using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

public sealed class TargetOptionsTests
{
    [Theory]
    [InlineData("https://example.com/hook", null)]
    [InlineData("http://1.1.1.1/", null)]
    [InlineData("http://localhost/", null)] // a name: its addresses are looked at when it is called
    [InlineData("https://example.com:8443/", "port 8443 is not allowed: webhooks go to ports 80 and 443")]
    [InlineData("http://10.0.0.1/", "10.0.0.1 is not a public address")]
    [InlineData("http://2130706433/", "127.0.0.1 is not a public address")]
    [InlineData("https://[::1]/", "[::1] is not a public address")]
    [InlineData("https://[::ffff:192.168.0.1]/", "[::ffff:192.168.0.1] is not a public address")]
    public void What_a_URL_tells_against_itself_is_said_before_it_is_called(string url, string? refusal)
    {
        Assert.Equal(refusal, new TargetOptions().RefusalOf(new Uri(url)));
        Assert.Null(new TargetOptions { AllowPrivateNetworks = true }.RefusalOf(new Uri(url)));
    }
}
