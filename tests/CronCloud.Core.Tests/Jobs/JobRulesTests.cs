using System.Text.Json;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Tests.Jobs;

public sealed class JobRulesTests
{
    [Fact]
    public void A_plain_job_has_no_fault() => Assert.Empty(Check(Valid));

    public static TheoryData<string, JobDefinition> Bad => new()
    {
        { "/schedule/cron", Valid with { Schedule = new ScheduleSpec { Cron = "x" } } },
        { "/target", Valid with { Target = new Target() } },
        { "/target/http/url", Http(h => h with { Url = "ftp://example.com" }) },
        { "/target/http/url", Http(h => h with { Url = "https://user:secret@example.com" }) },
        { "/target/http/url", Http(h => h with { Url = "https://example.com/" + new string('x', 2048) }) },
        { "/target/http/method", Http(h => h with { Method = "post" }) },
        { "/target/http/body", Http(h => h with { Method = "GET", Body = JsonSerializer.SerializeToElement("x") }) },
        { "/target/http/body", Http(h => h with { Body = JsonSerializer.SerializeToElement(new string('x', 257 * 1024)) }) },
        { "/target/http/timeout", Http(h => h with { Timeout = TimeSpan.FromMilliseconds(10) }) },
        { "/target/http/success", Http(h => h with { Success = "2xx" }) },
        { "/target/http/headers/Host", Header("Host", "x") },
        { "/target/http/headers/webhook-id", Header("webhook-id", "x") },
        { "/target/http/headers/CronCloud-Job", Header("CronCloud-Job", "x") },
        { "/target/http/headers/a b", Header("a b", "x") },
        { "/target/http/headers/a", Header("a", "x\r\nEvil: 1") },
        { "/target/http/headers", Header("a", new string('x', 5000)) },
        { "/target/nats/subject", Nats("a.>") },
        { "/target/nats/subject", Nats("a..b") },
        { "/target/nats/subject", Nats("$JS.API") },
        { "/target/nats/subject", Nats("croncloud.event.x") },
        { "/target/nats/subject", Nats("CronCloud.trigger.t.job") },
        { "/target/nats/subject", Nats("croncloud") },
        { "/target/nats/subject", Nats("cc.execution.17") },
        { "/target/nats/subject", Nats("CC.outcome.17") },
        { "/target/nats/subject", Nats("cc") },
        { "/target/nats/subject", Nats("_INBOX.x") },
        { "/target/nats/subject", Nats("a b") },
        { "/retry/maxRetries", Valid with { Retry = new RetryPolicy { MaxRetries = 6 } } },
        { "/retry/multiplier", Valid with { Retry = new RetryPolicy { Multiplier = double.NaN } } },
        { "/retry/maxDelay", Valid with { Retry = new RetryPolicy { InitialDelay = TimeSpan.FromHours(2) } } },
        { "/catchUp/window", Valid with { CatchUp = new CatchUp { Window = TimeSpan.FromDays(31) } } },
        { "/alerts/channels/0", Valid with { Alerts = new AlertPolicy { Channels = ["a b"] } } },
        { "/alerts/remindEvery", Valid with { Alerts = new AlertPolicy { RemindEvery = TimeSpan.FromMinutes(5).Subtract(TimeSpan.FromMilliseconds(1)) } } },
        { "/alerts/remindEvery", Valid with { Alerts = new AlertPolicy { RemindEvery = TimeSpan.FromDays(7).Add(TimeSpan.FromMilliseconds(1)) } } },
        { "/tags/a:b", Valid with { Tags = new Dictionary<string, string> { ["a:b"] = "x" } } },
        { "/tags/a~1b", Valid with { Tags = new Dictionary<string, string> { ["a/b"] = "x\n" } } },
        { "/description", Valid with { Description = new string('x', 1001) } },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Each_fault_is_told_by_its_place(string pointer, JobDefinition job) => Assert.Contains(Check(job), f => f.Pointer == pointer);

    [Theory]
    [InlineData("5m")]
    [InlineData("7d")]
    public void Reminders_come_every_five_minutes_to_seven_days(string every) =>
        Assert.Empty(Check(Valid with { Alerts = new AlertPolicy { RemindEvery = Durations.TryParse(every, out var value) ? value : default } }));

    [Theory]
    [InlineData("croncloud.channel.ops", false)]
    [InlineData("CronCloud.x", false)]
    [InlineData("croncloud", true)]
    [InlineData("croncloud-mine", true)]
    [InlineData("my.croncloud.job", true)]
    public void Ids_that_are_ours_are_nobody_elses(string id, bool isFree)
    {
        Assert.Equal(!isFree, JobRules.IsReserved(id));
        Assert.Equal(isFree ? [] : [new Fault("/id", "must not begin with croncloud., which CronCloud keeps for itself")], JobRules.Check(Valid, new JobKey("t", id)));
    }

    [Theory]
    [InlineData("200-299", 204, true)]
    [InlineData("200-299", 304, false)]
    [InlineData("200, 304,400-410", 404, true)]
    public void A_success_rule_tells_statuses(string rule, int status, bool succeeds) => Assert.Equal(succeeds, SuccessRule.Parse(rule)!.Includes(status));

    [Fact]
    public void A_partition_never_changes()
    {
        Assert.Equal(new JobKey("default", "nightly-report").Partition, new JobKey("default", "nightly-report").Partition);
        Assert.Equal(256, Enumerable.Range(0, 5000).Select(i => new JobKey("default", $"job-{i}").Partition).Distinct().Count());
    }

    private static JobDefinition Valid => new() { Schedule = new ScheduleSpec { Cron = "0 3 * * *" }, Target = new Target { Http = new HttpTarget { Url = "https://example.com" } } };

    private static JobDefinition Http(Func<HttpTarget, HttpTarget> change) => Valid with { Target = new Target { Http = change(new HttpTarget { Url = "https://example.com" }) } };

    private static JobDefinition Header(string name, string value) => Http(h => h with { Headers = new Dictionary<string, string> { [name] = value } });

    private static JobDefinition Nats(string subject) => Valid with { Target = new Target { Nats = new NatsTarget { Subject = subject } } };

    private static IReadOnlyList<Fault> Check(JobDefinition job) => JobRules.Check(job, new JobKey("t", "job"));
}
