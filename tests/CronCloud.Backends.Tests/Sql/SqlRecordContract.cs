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
    public async Task The_first_answer_to_a_key_stays_until_it_is_pruned()
    {
        var answers = new SqlIdempotencyStore(Database);
        await answers.KeepAsync("t", "k", new StoredAnswer("h1", 201, "/v1/jobs/a", "\"1\"", "{}", Now), None);
        await answers.KeepAsync("t", "k", new StoredAnswer("h2", 409, null, null, "", Now), None);

        Assert.Equal(new StoredAnswer("h1", 201, "/v1/jobs/a", "\"1\"", "{}", Now), await answers.FindAsync("t", "k", Now.AddHours(-24), None));
        Assert.Null(await answers.FindAsync("t", "k", Now.AddSeconds(1), None));
        Assert.Null(await answers.FindAsync("other", "k", Now.AddHours(-24), None));
        await answers.PruneAsync(Now.AddSeconds(1), None);
        Assert.Null(await answers.FindAsync("t", "k", Now.AddHours(-24), None));
    }

    [Fact]
    public async Task The_schema_is_made_once_however_many_start_together()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Database.OpenAsync(None)));

        await Database.ProbeAsync(None);
    }
}
