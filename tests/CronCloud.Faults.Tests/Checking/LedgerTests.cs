using CronCloud.Faults.Evidence;
using CronCloud.Faults.Running;

namespace CronCloud.Faults.Tests.Checking;

/// <summary>The sink's ledger, written by the process and read here.</summary>
public sealed class LedgerTests
{
    [Fact]
    public async Task Who_was_answered_is_in_the_ledger_with_what_he_sent_and_got()
    {
        await using var sink = await SinkProcess.StartAsync();
        using var http = new HttpClient();

        var statuses = new List<int>();
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{sink.Url}/flaky/1/x"));
            request.Headers.Add("CronCloud-Job", "x");
            request.Headers.Add("CronCloud-Execution", "x@20260301T120000Z");
            request.Headers.Add("CronCloud-Scheduled-At", "2026-03-01T12:00:00Z");
            request.Headers.Add("CronCloud-Attempt", $"{i + 1}");
            request.Headers.Add("Idempotency-Key", "key");
            using var answer = await http.SendAsync(request);
            statuses.Add((int)answer.StatusCode);
            Assert.Equal(i + 1, sink.Ledger.Read().Count);
        }

        Assert.Equal([503, 200], statuses);
        var last = sink.Ledger.Read()[^1];
        Assert.Equal(("x", "x@20260301T120000Z", PlantedRun.Start, "key", 2, 200, "/flaky/1/x"), (last.Job, last.Execution, last.ScheduledAt, last.Key, last.Attempt, last.Answer, last.Path));
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("cut")]
    public async Task Who_got_no_answer_is_in_the_ledger_too(string script)
    {
        await using var sink = await SinkProcess.StartAsync();
        using var http = new HttpClient();

        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(new Uri($"{sink.Url}/{script}/x")));

        Assert.Equal((0, $"/{script}/x"), (Assert.Single(sink.Ledger.Read()).Answer, sink.Ledger.Read()[0].Path));
    }

    [Fact]
    public void A_line_that_is_not_whole_yet_is_read_when_it_is()
    {
        var path = Path.GetTempFileName();
        const string Line = """{"kind":"arrived","number":1,"atUs":1772366400000000,"monotonicUs":1,"path":"/ok","job":"x","execution":"x@1","scheduledAt":"2026-03-01T12:00:00Z","key":"x@1","attempt":1,"answer":200}""";
        var ledger = new Ledger(path);

        File.WriteAllText(path, Line[..40]);
        Assert.Empty(ledger.Read());
        File.WriteAllText(path, $"{Line}\n");
        Assert.Equal(PlantedRun.Start, Assert.Single(ledger.Read()).At);
        File.Delete(path);
    }
}
