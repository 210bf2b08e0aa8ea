using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;

namespace CronCloud.Core.Tests.Executions;

public sealed class ExecutionIdTests
{
    private static readonly DateTimeOffset Due = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_id_is_made_of_the_job_and_the_due_time()
    {
        Assert.Equal("nightly-report@20261201T030000Z", ExecutionId.Of("nightly-report", Due));
        Assert.Equal("nightly-report@20261201T030000Z", ExecutionId.Of("nightly-report", Due.ToOffset(TimeSpan.FromHours(5))));
        Assert.Equal("a@20261201T030000.250Z", ExecutionId.Of("a", Due.AddMilliseconds(250)));
        Assert.Equal("a@20261201T030000Z-m1234", ExecutionId.Manual("a", Due, "1234"));
    }

    [Fact]
    public void The_job_is_read_back()
    {
        Assert.Equal(new JobKey("t", "a.b-c"), ExecutionId.Job("t", ExecutionId.Of("a.b-c", Due)));
        Assert.Null(ExecutionId.Job("t", "nonsense"));
    }

    [Fact]
    public void The_due_time_is_read_back()
    {
        Assert.Equal(Due, ExecutionId.ScheduledAt(ExecutionId.Of("a", Due)));
        Assert.Equal(Due.AddMilliseconds(250), ExecutionId.ScheduledAt(ExecutionId.Of("aZ", Due.AddMilliseconds(250))));
        Assert.Equal(Due, ExecutionId.ScheduledAt(ExecutionId.Manual("a", Due, "1234")));
        foreach (var text in new[] { "", "a", "a@", "a@Z", "a@20261301T000000Z" })
            Assert.Null(ExecutionId.ScheduledAt(text));
    }

    [Fact]
    public void A_cursor_reads_back_and_anything_else_does_not()
    {
        var cursor = new HistoryCursor(Due, "a/b@20261201T030000Z");
        Assert.Equal(cursor, HistoryCursor.Parse(cursor.ToString()));
        foreach (var text in new[] { "", "!", "YQ", "OTk5OTk5OTk5OTk5OTk5OTk5L2E", "LTkyMjMzNzIwMzY4NTQ3NzU4MDgvYQ", "MS8A", "LTk5OTk5OTk5OTk5OTk5L2E" })
            Assert.Throws<FormatException>(() => HistoryCursor.Parse(text));
    }
}
