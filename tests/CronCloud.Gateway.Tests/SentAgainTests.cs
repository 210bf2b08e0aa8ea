using CronCloud.Backends.DueIndex;
using CronCloud.Backends.History;
using CronCloud.Backends.Sql;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Outcomes;
using CronCloud.Gateway.Api;
using CronCloud.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Gateway.Tests;

/// <summary>Requests with a key that are sent again after an answer that never came, and had their effect the first time.</summary>
public sealed class SentAgainTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Sent = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-again-").FullName;
    private readonly FakeTimeProvider _time = new(Sent.AddHours(1));
    private readonly MemoryDueIndex _index = new();
    private SqlDatabase _database = null!;
    private SqliteHistory _history = null!;
    private SqlDeadLetterStore _letters = null!;
    private KnownExecutions _known = null!;
    private Redrive _redrive = null!;

    public async Task InitializeAsync()
    {
        _database = SqlDatabase.Sqlite(Path.Combine(_folder, "record.db"));
        await _database.OpenAsync(None);
        _history = new SqliteHistory(Path.Combine(_folder, "history.db"), _time);
        await _history.OpenAsync(None);
        _letters = new SqlDeadLetterStore(_database);
        _known = new KnownExecutions(new RunningExecutions(_index), _history, _time);
        _redrive = new Redrive(_letters, _index, _time);
    }

    public Task DisposeAsync()
    {
        _database.Dispose();
        _history.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_trigger_finds_its_execution_in_history()
    {
        var (http, keyed) = (Request(isRepeated: true), KeyedRequest.Of("default", "k", Sent, isRepeated: true));
        var made = FailedAt(Sent) with { Trigger = Trigger.Manual, ExecutionId = ExecutionId.Manual("a", Sent, keyed.Nonce) };
        await _history.WriteAsync([HistoryRow.Of(OutcomeOf(made, Sent))], None);

        Assert.Equal(202, await StatusAsync(JobsApi.TriggerAsync("a", http, changes: null!, _known, _time), http));
        Assert.Contains(made.ExecutionId, await BodyAsync(http), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redrive_is_its_own_success_while_its_execution_goes_on()
    {
        var execution = FailedAt(Sent.AddMinutes(-5));
        await FailAsync(execution, Sent.AddMinutes(-4));
        Assert.Equal(202, await RedriveAsync(execution, isRepeated: false));

        Assert.Equal(202, await RedriveAsync(execution, isRepeated: true));
        Assert.Equal(404, await RedriveAsync(execution, isRepeated: false));
    }

    [Fact]
    public async Task A_redrive_begins_no_second_round_of_what_failed_anew()
    {
        var execution = FailedAt(Sent.AddMinutes(-5));
        await FailAsync(execution, Sent.AddMinutes(1));

        Assert.Equal(202, await RedriveAsync(execution, isRepeated: true));
        var http = Request(isRepeated: true);
        Assert.Equal(202, await StatusAsync(DeadLettersApi.RedriveManyAsync(http, _redrive), http));

        Assert.Equal("""{"executions":0}""", await BodyAsync(http));
        Assert.NotNull(await _letters.FindAsync("default", execution.ExecutionId, None));
    }

    private async Task<int> RedriveAsync(Execution execution, bool isRepeated)
    {
        var http = Request(isRepeated);
        return await StatusAsync(DeadLettersApi.RedriveOneAsync(execution.ExecutionId, http, _redrive, _letters, _known), http);
    }

    private static async Task<int> StatusAsync(Task<IResult> answer, HttpContext http)
    {
        await (await answer).ExecuteAsync(http);
        return http.Response.StatusCode;
    }

    private static async Task<string> BodyAsync(HttpContext http)
    {
        http.Response.Body.Position = 0;
        return await new StreamReader(http.Response.Body).ReadToEndAsync();
    }

    private static DefaultHttpContext Request(bool isRepeated)
    {
        var http = new DefaultHttpContext { RequestServices = new NoServices() };
        http.Response.Body = new MemoryStream();
        http.Features.Set(KeyedRequest.Of("default", "k", Sent, isRepeated));
        return http;
    }

    private Task FailAsync(Execution execution, DateTimeOffset at) => _letters.KeepAsync([DeadLetter.Of(OutcomeOf(execution, at))], None);

    private static Outcome OutcomeOf(Execution execution, DateTimeOffset at) => new() { Execution = execution, Result = AttemptResult.Failed, StartedAt = at, DurationMs = 0, Node = "node", Error = "answered 500" };

    private static Execution FailedAt(DateTimeOffset due) => new()
    {
        Tenant = "default",
        JobId = "a",
        JobVersion = 1,
        ExecutionId = ExecutionId.Of("a", due),
        ScheduledAt = due,
        Trigger = Trigger.Schedule,
        Attempt = 1,
        Target = new Target(),
        Retry = RetryPolicy.Default,
        TraceParent = TraceParent.New(),
    };

    /// <summary>Results ask for a logger, and do without.</summary>
    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(Microsoft.Extensions.Logging.ILoggerFactory) ? Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance : null;
    }
}
