using System.Text;
using System.Text.Json;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Signatures;

namespace CronCloud.Core.Tests.Json;

/// <summary>What goes over the streams by the million is lean, and means the same to nodes of before.</summary>
public sealed class MessageTests
{
    private static readonly DateTimeOffset Due = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    private static readonly Execution Plain = new()
    {
        Tenant = "t",
        JobId = "job",
        JobVersion = 3,
        ExecutionId = "job@20261201T030000Z",
        ScheduledAt = Due,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target { Http = new HttpTarget { Url = "https://example.org/hook" } },
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };

    private static readonly Execution Unusual = Plain with
    {
        Trigger = Trigger.Redrive,
        Attempt = 7,
        FirstAttempt = 3,
        PutOffs = 2,
        EarlierPutOffs = 1,
        Redispatch = 4,
        Returns = 5,
        Claims = 2,
        Overlap = Overlap.Queue,
        Target = new Target { Http = new HttpTarget { Url = "https://example.org/hook", Method = "PUT", Headers = new Dictionary<string, string> { ["X-A"] = "b" }, Timeout = TimeSpan.FromMinutes(15), Success = "204" } },
        Retry = new RetryPolicy { MaxRetries = 0, InitialDelay = TimeSpan.FromSeconds(1), Multiplier = 1, MaxDelay = TimeSpan.FromSeconds(2), Jitter = false, ClientErrors = true },
        SignedBy = new SignedBy("key", "message"),
        DispatchedAt = Due.AddMilliseconds(7),
        DispatchedBy = "node-1",
        Earlier = [new EarlierAttempt { Number = 3, StartedAt = Due, DurationMs = 0, Outcome = AttemptResult.Succeeded, Node = "n" }],
    };

    private static readonly Outcome Ended = new() { Execution = Plain, Result = AttemptResult.Succeeded, StartedAt = Due, DurationMs = 0, Node = "node-1", StatusCode = 200 };

    [Fact]
    public void An_execution_tells_only_what_is_not_at_its_default()
    {
        var text = Encoding.UTF8.GetString(Plain.ToJson());

        foreach (var member in (string[])["firstAttempt", "putOffs", "redispatch", "returns", "claims", "method", "headers", "timeout", "success", "maxRetries", "jitter", "overlap"])
            Assert.DoesNotContain($"\"{member}\"", text, StringComparison.Ordinal);
        Assert.Contains("\"attempt\":1", text, StringComparison.Ordinal);
        Assert.Contains("\"trigger\":\"schedule\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Executions_read_back_as_they_were()
    {
        foreach (var execution in (Execution[])[Plain, Unusual])
        {
            var read = Execution.FromJson(execution.ToJson());
            Assert.Equal(WholeText(execution), WholeText(read));
        }
    }

    [Fact]
    public void Outcomes_read_back_as_they_were()
    {
        foreach (var outcome in (Outcome[])[Ended, Ended with { Execution = Unusual, Result = AttemptResult.Missed, IsFinal = true, Occurrences = 9, LastDue = Due, RetryAfter = TimeSpan.FromSeconds(3), Error = "e", Output = "o", StatusCode = null }])
        {
            var read = Outcome.FromJson(outcome.ToJson());
            Assert.Equal(WholeText(outcome), WholeText(read));
        }
    }

    /// <summary>Messages, due entries and pending executions leave defaults out: another value would change what is under way and what is kept.</summary>
    [Fact]
    public void What_is_left_out_means_the_same_for_ever()
    {
        Assert.Equal(("POST", TimeSpan.FromSeconds(30), "200-299", 0), (new HttpTarget { Url = "" }.Method, new HttpTarget { Url = "" }.Timeout, new HttpTarget { Url = "" }.Success, new HttpTarget { Url = "" }.Headers.Count));
        Assert.Equal((5, TimeSpan.FromSeconds(10), 2.0, TimeSpan.FromHours(1), true, false), (RetryPolicy.Default.MaxRetries, RetryPolicy.Default.InitialDelay, RetryPolicy.Default.Multiplier, RetryPolicy.Default.MaxDelay, RetryPolicy.Default.Jitter, RetryPolicy.Default.ClientErrors));
        Assert.Equal((1, 0, 0, 0, 0, 0, Overlap.Allow), (Plain.FirstAttempt, Plain.PutOffs, Plain.EarlierPutOffs, Plain.Redispatch, Plain.Returns, Plain.Claims, Plain.Overlap));
        Assert.Equal((false, 1), (Ended.IsFinal, Ended.Occurrences));
    }

    [Fact]
    public void Messages_that_tell_their_defaults_as_nodes_of_before_do_are_read_the_same()
    {
        Assert.Equal(WholeText(Plain), WholeText(Execution.FromJson(JsonSerializer.SerializeToUtf8Bytes(Plain, CoreJson.Options))));
        Assert.Equal(WholeText(Ended), WholeText(Outcome.FromJson(JsonSerializer.SerializeToUtf8Bytes(Ended, CoreJson.Options))));
    }

    /// <summary>Every member, those at their defaults too.</summary>
    private static string WholeText<T>(T message) => JsonSerializer.Serialize(message, CoreJson.Options);
}
