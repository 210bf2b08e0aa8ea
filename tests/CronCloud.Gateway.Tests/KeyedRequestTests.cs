using System.Text;
using CronCloud.Backends.Sql;
using CronCloud.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Gateway.Tests;

/// <summary>What becomes of a request with an idempotency key when its answer is lost on the way.</summary>
public sealed class KeyedRequestTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-keyed-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 12, 1, 3, 0, 0, TimeSpan.Zero));
    private readonly List<KeyedRequest> _carriedOut = [];
    private SqlDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _database = SqlDatabase.Sqlite(Path.Combine(_folder, "record.db"));
        await _database.OpenAsync(CancellationToken.None);
    }

    public Task DisposeAsync()
    {
        _database.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_caller_that_hangs_up_finds_the_answer_when_it_asks_again()
    {
        using var connection = new CancellationTokenSource();
        var gateway = NewGateway(async context =>
        {
            await connection.CancelAsync();
            context.RequestAborted.ThrowIfCancellationRequested();
            await AcceptAsync(context);
        });

        await gateway.InvokeAsync(Request(hangsUp: connection.Token));
        var again = Request();
        await gateway.InvokeAsync(again);

        Assert.Single(_carriedOut);
        Assert.Equal((202, "true"), (again.Response.StatusCode, again.Response.Headers["Idempotency-Replayed"].ToString()));
    }

    [Fact]
    public async Task What_failed_is_carried_out_again_with_the_instant_and_the_nonce_of_the_first_time()
    {
        var gateway = NewGateway(context => AcceptAsync(context, status: _carriedOut.Count == 0 ? 503 : 202));

        await gateway.InvokeAsync(Request());
        _time.Advance(TimeSpan.FromHours(2));
        await gateway.InvokeAsync(Request());
        await gateway.InvokeAsync(Request());

        Assert.Equal([false, true], _carriedOut.Select(k => k.IsRepeated));
        Assert.Single(_carriedOut.Select(k => (k.FirstSent, k.Nonce)).Distinct());
    }

    [Fact]
    public async Task Two_gateways_that_get_a_request_at_once_give_it_one_name()
    {
        var (begun, mayEnd) = (new TaskCompletionSource(), new TaskCompletionSource());
        var first = NewGateway(async context =>
        {
            begun.SetResult();
            await mayEnd.Task;
            await AcceptAsync(context);
        }).InvokeAsync(Request());
        await begun.Task;

        await NewGateway(context => AcceptAsync(context)).InvokeAsync(Request());
        mayEnd.SetResult();
        await first;

        Assert.Equal([true, false], _carriedOut.Select(k => k.IsRepeated));
        Assert.Single(_carriedOut.Select(k => (k.FirstSent, k.Nonce)).Distinct());
    }

    [Fact]
    public async Task A_body_that_does_not_come_holds_nobody_up()
    {
        var gateway = NewGateway(context => AcceptAsync(context));
        var slow = Request();
        var pipe = new System.IO.Pipelines.Pipe();
        slow.Request.Body = pipe.Reader.AsStream();
        var waiting = gateway.InvokeAsync(slow);

        await gateway.InvokeAsync(Request());

        Assert.False(waiting.IsCompleted);
        Assert.Single(_carriedOut);
        await pipe.Writer.CompleteAsync();
        await waiting;
        Assert.Equal(422, slow.Response.StatusCode);
    }

    [Fact]
    public async Task A_key_of_yesterday_is_free_again_and_keeps_its_new_answer()
    {
        var gateway = NewGateway(context => AcceptAsync(context));

        await gateway.InvokeAsync(Request());
        _time.Advance(TimeSpan.FromHours(24.5));
        await gateway.InvokeAsync(Request());
        await gateway.InvokeAsync(Request());

        Assert.Equal([false, false], _carriedOut.Select(k => k.IsRepeated));
        Assert.Equal(2, _carriedOut.Select(k => k.Nonce).Distinct().Count());
    }

    private IdempotencyMiddleware NewGateway(RequestDelegate carryOut) => new(carryOut, new SqlIdempotencyStore(_database), _time);

    private async Task AcceptAsync(HttpContext context, int status = 202)
    {
        _carriedOut.Add(KeyedRequest.Of(context)!);
        context.Response.StatusCode = status;
        await context.Response.WriteAsync("{}", context.RequestAborted);
    }

    private static DefaultHttpContext Request(CancellationToken hangsUp = default)
    {
        var context = new DefaultHttpContext { RequestAborted = hangsUp };
        context.Request.Method = "POST";
        context.Request.Path = "/v1/jobs/a/trigger";
        context.Request.Headers["Idempotency-Key"] = "k";
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes("""{"payload":1}"""));
        context.Response.Body = new MemoryStream();
        return context;
    }
}
