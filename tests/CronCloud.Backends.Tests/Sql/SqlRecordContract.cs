using CronCloud.Backends.Sql;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Backends.Tests.Sql;

/// <summary>What the record must do on every database.</summary>
public abstract class SqlRecordContract : RecordContract, IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;

    protected override IJobStore Jobs => new SqlJobStore(Database);

    protected override IPendingStore Pending => new SqlPendingStore(Database);

    protected override ICheckpointStore Checkpoints => new SqlCheckpointStore(Database);

    protected override IDeadLetterStore DeadLetters => new SqlDeadLetterStore(Database);

    private SqlDatabase Database { get; set; } = null!;

    protected abstract Task<SqlDatabase> OpenAsync();

    public async Task InitializeAsync()
    {
        Database = await OpenAsync();
        await Database.OpenAsync(None);
    }

    public virtual Task DisposeAsync()
    {
        Database.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_key_belongs_to_the_request_that_came_first_with_it()
    {
        var keys = new SqlIdempotencyStore(Database);

        Assert.Equal(new Reservation("h1", Now, IsNew: true, null), await ReserveAsync(keys, "h1", Now));
        Assert.Equal(new Reservation("h1", Now, IsNew: false, null), await ReserveAsync(keys, "h1", Now.AddMilliseconds(1)));
        Assert.Equal(new Reservation("h1", Now, IsNew: false, null), await ReserveAsync(keys, "h2", Now.AddHours(24)));
        Assert.True((await keys.ReserveAsync("other", "k", "h2", Now, Now, None)).IsNew);
    }

    [Fact]
    public async Task Of_many_that_come_at_once_with_a_key_one_is_new()
    {
        var keys = new SqlIdempotencyStore(Database);

        var reservations = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => ReserveAsync(keys, "h", Now.AddMilliseconds(i))));

        Assert.Single(reservations, r => r.IsNew);
        Assert.Single(reservations.Select(r => r.At).Distinct());
    }

    [Fact]
    public async Task The_first_answer_to_a_key_stays_until_it_is_pruned()
    {
        var keys = new SqlIdempotencyStore(Database);
        var (created, taken) = (new StoredAnswer(201, "/v1/jobs/a", "\"1\"", "{}"), new StoredAnswer(409, null, null, ""));
        var reservation = await ReserveAsync(keys, "h", Now);
        await keys.AnswerAsync("t", "k", reservation, created, None);
        await keys.AnswerAsync("t", "k", reservation, taken, None);

        Assert.Equal(new Reservation("h", Now, IsNew: false, created), await ReserveAsync(keys, "h", Now.AddHours(1)));
        await keys.PruneAsync(Now.AddSeconds(1), None);
        Assert.True((await ReserveAsync(keys, "h", Now.AddHours(1))).IsNew);
    }

    [Fact]
    public async Task A_key_is_free_after_a_day_also_before_it_is_pruned_and_an_answer_of_then_is_not_kept()
    {
        var keys = new SqlIdempotencyStore(Database);
        var old = await ReserveAsync(keys, "h", Now);
        await keys.AnswerAsync("t", "k", old, new StoredAnswer(201, "/v1/jobs/a", "\"1\"", "{}"), None);

        var anew = await ReserveAsync(keys, "h", Now.AddHours(24).AddMilliseconds(1));
        await keys.AnswerAsync("t", "k", old, new StoredAnswer(409, null, null, ""), None);

        Assert.Equal(new Reservation("h", Now.AddHours(24).AddMilliseconds(1), IsNew: true, null), anew);
        Assert.Equal(anew with { IsNew = false }, await ReserveAsync(keys, "h", Now.AddHours(25)));
    }

    private static Task<Reservation> ReserveAsync(SqlIdempotencyStore keys, string hash, DateTimeOffset now) => keys.ReserveAsync("t", "k", hash, now, now.AddHours(-24), None);

    [Fact]
    public async Task The_schema_is_made_once_however_many_start_together()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Database.OpenAsync(None)));

        await Database.ProbeAsync(None);
    }
}
