using CronCloud.Core.Alerts;

namespace CronCloud.Core.Tests.Alerts;

public sealed class AlertTextTests
{
    private static readonly DateTimeOffset At = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly AlertLinks Links = new(new Uri("https://cron.example/base/"));
    private static readonly AlertLinks NoLinks = new(null);

    [Fact]
    public void It_says_which_job_what_since_when_the_last_error_and_where_to_read_on()
    {
        var text = AlertText.Of(Message(AlertKind.Opened, Item("nightly")), Links);

        Assert.Equal("[CronCloud] nightly: 3 executions in a row failed", text.Subject);
        Assert.Equal(
            """
            A job is in trouble.

            nightly: 3 executions in a row failed
              Since       2026-12-01 02:50:00 UTC
              Execution   nightly@20261201T025000Z
              Last error  answered 500
              Incident    https://cron.example/base/v1/incidents/inc-nightly
              Executions  https://cron.example/base/v1/jobs/nightly/executions
              Job         https://cron.example/base/v1/jobs/nightly

            CronCloud, tenant t, 2026-12-01 03:00:00 UTC.

            """.ReplaceLineEndings("\n"),
            text.Text);
        foreach (var told in new[] { "nightly: 3 executions in a row failed", "2026-12-01 02:50:00 UTC", "answered 500", "<a href=\"https://cron.example/base/v1/incidents/inc-nightly\">Incident</a>" })
            Assert.Contains(told, text.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recovery_says_how_long_it_lasted() =>
        Assert.Contains("  Until       2026-12-01 03:00:00 UTC, after 10m\n", AlertText.Of(Message(AlertKind.Recovered, Item("a") with { Until = At }), NoLinks).Text, StringComparison.Ordinal);

    [Fact]
    public void Without_a_public_address_there_are_no_links()
    {
        var text = AlertText.Of(Message(AlertKind.Opened, Item("a")), NoLinks);

        Assert.DoesNotContain("http", text.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<a ", text.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AlertKind.Opened, "[CronCloud] a: 3 executions in a row failed", "A job is in trouble.")]
    [InlineData(AlertKind.Reminder, "[CronCloud] still in trouble: a: 3 executions in a row failed", "A job is still in trouble.")]
    [InlineData(AlertKind.Recovered, "[CronCloud] recovered: a: 3 executions in a row failed", "A job has recovered.")]
    public void Each_kind_has_its_words(AlertKind kind, string subject, string lead)
    {
        var text = AlertText.Of(Message(kind, Item("a")), NoLinks);

        Assert.Equal(subject, text.Subject);
        Assert.StartsWith(lead + "\n", text.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_test_says_that_nothing_is_wrong()
    {
        var text = AlertText.Of(Message(AlertKind.Test), NoLinks);

        Assert.Equal("[CronCloud] a test of this channel", text.Subject);
        Assert.Contains("Nothing is wrong.", text.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_jobs_the_first_twenty_are_told_and_all_are_counted()
    {
        var many = Message(AlertKind.Opened, [.. Enumerable.Range(0, 25).Select(i => Item($"job-{i}"))]) with { Omitted = 7, Destination = "api.example.com" };

        var text = AlertText.Of(many, NoLinks);

        Assert.Equal("[CronCloud] 32 jobs at api.example.com", text.Subject);
        Assert.StartsWith("32 jobs are in trouble. What they have in common is their destination, api.example.com.\n", text.Text, StringComparison.Ordinal);
        Assert.Contains("\njob-19: ", text.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("job-20", text.Text, StringComparison.Ordinal);
        Assert.Contains("\nand 12 more.\n", text.Text, StringComparison.Ordinal);
        Assert.Equal("[CronCloud] 25 jobs, job-0 among them", AlertText.Of(many with { Omitted = 0, Destination = null }, NoLinks).Subject);
    }

    [Fact]
    public void What_others_wrote_cannot_add_lines_headers_or_markup()
    {
        const string hostile = "x\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script> \"&'\u2028\u202Ereversed\0\u001b[31m";
        var item = Item(hostile) with { Summary = hostile, LastError = hostile, ExecutionId = hostile, IncidentId = hostile };

        var text = AlertText.Of(Message(AlertKind.Opened, item) with { Destination = hostile, Tenant = hostile }, Links);

        foreach (var part in new[] { text.Subject, text.Text.Replace("\n", "", StringComparison.Ordinal), text.Html.Replace("\n", "", StringComparison.Ordinal) })
            Assert.DoesNotContain(part, c => char.IsControl(c) || c is '\u2028' or '\u202E');
        Assert.DoesNotContain("\nBcc:", text.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", text.Html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;&amp;&#39;", text.Html, StringComparison.Ordinal);
        Assert.Equal(11, text.Text.Count(c => c == '\n'));
    }

    [Fact]
    public void Long_texts_are_cut_between_characters()
    {
        var text = AlertText.Of(Message(AlertKind.Opened, Item("a") with { Summary = string.Concat(Enumerable.Repeat("😀", 1000)), LastError = new string('e', 100_000) }), NoLinks);

        Assert.True(text.Subject.Length <= 151, text.Subject);
        Assert.EndsWith("😀…", text.Subject, StringComparison.Ordinal);
        Assert.True(text.Text.Length < 2_000, text.Text);
    }

    private static AlertMessage Message(AlertKind kind, params AlertItem[] items) => new() { Id = "m1", Tenant = "t", Kind = kind, At = At, Items = items };

    private static AlertItem Item(string job) => new()
    {
        IncidentId = $"inc-{job}",
        JobId = job,
        Summary = "3 executions in a row failed",
        Since = At.AddMinutes(-10),
        ExecutionId = $"{job}@20261201T025000Z",
        LastError = "answered 500",
    };
}
