using System.Net;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

public sealed class PublicAddressTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("ff02::1")]
    [InlineData("100.127.255.255")]
    [InlineData("192.0.2.1")]
    [InlineData("203.0.113.5")]
    [InlineData("240.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::7f00:1")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("2001:db8::1")]
    public void An_inside_address_is_not_public(string address) => Assert.False(PublicAddress.Includes(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("169.253.255.255")]
    [InlineData("223.255.255.255")]
    [InlineData("93.184.216.34")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    public void An_address_of_the_internet_is(string address) => Assert.True(PublicAddress.Includes(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f000001/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://localhost/")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://[::ffff:169.254.169.254]/")]
    [InlineData("http://1.1.1.1:8080/")]
    [InlineData("https://1.1.1.1:22/")]
    public async Task A_webhook_does_not_go_inside(string url)
    {
        using var caller = new HttpTargetCaller(new TargetOptions(), TimeProvider.System);

        var answer = await caller.CallAsync(Execution(url), CancellationToken.None);

        Assert.Equal(AttemptResult.Refused, answer.Result);
        Assert.Contains("not allowed", answer.Error, StringComparison.Ordinal);
    }

    private static Execution Execution(string url) => new()
    {
        Tenant = "t",
        JobId = "a",
        JobVersion = 1,
        ExecutionId = "a@20261201T030000Z",
        ScheduledAt = Pipeline.Start,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target { Http = new HttpTarget { Url = url, Timeout = TimeSpan.FromSeconds(5) } },
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };
}
