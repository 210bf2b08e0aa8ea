using CronCloud.Backends.Sql;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using Npgsql;

namespace CronCloud.Backends.Tests.Sql;

/// <summary>
/// How many rows PostgreSQL reads of a table that it has no statistics of, as of one that an import is just filling. It takes a tenant for the owner of a few jobs then, and would rather read all that it
/// has than some by their keys or in the order of an index: with a million jobs half a second for each batch of an import.
/// </summary>
[Collection(nameof(RealServers))]
public sealed class PostgresPlanTests(RealServers servers) : IAsyncLifetime
{
    private const int Jobs = 5_000;
    private const int Wanted = 200;
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly List<JobKey> Keys = [.. Enumerable.Range(0, Jobs).Select(i => new JobKey("t", $"job-{i:D4}"))];

    private string _connection = "";
    private SqlDatabase _database = null!;

    public async Task InitializeAsync()
    {
        // A process of the server tells what it has read when it ends, and without a pool it ends with each question.
        _connection = await PostgresRecordTests.NewConnectionStringAsync(servers) + ";Pooling=false";
        _database = SqlDatabase.PostgreSql(_connection);
        await _database.OpenAsync(None);
        await ScalarAsync("ALTER TABLE jobs SET (autovacuum_enabled = false)");
        var definition = new JobDefinition { Schedule = new ScheduleSpec { Every = TimeSpan.FromHours(1) }, Target = new Target { Http = new HttpTarget { Url = "https://example.com/" } } };
        await new SqlJobStore(_database).WriteAsync(
            [.. Keys.Select(key => new JobWrite(
                new Job { Key = key, State = JobState.Active, Version = 1, Definition = definition, CreatedAt = Now, UpdatedAt = Now },
                new Revision(1, Now, "api", "created", JobState.Active, definition)))],
            None);
    }

    public Task DisposeAsync()
    {
        _database.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public Task Jobs_are_found_by_their_keys() => AssertReadsFewAsync(async () =>
        Assert.Equal(Wanted, (await new SqlJobStore(_database).FindAsync([.. Keys.Skip(1_000).Take(Wanted)], None)).Count));

    [Fact]
    public Task Keys_that_are_of_no_job_cost_no_more() => AssertReadsFewAsync(async () =>
        Assert.Empty(await new SqlJobStore(_database).StampAsync([.. Keys.Take(Wanted).Select(key => new JobKey("t", $"new-{key.Id}"))], None)));

    [Fact]
    public Task Changes_of_many_partitions_are_read_a_page_at_a_time() => AssertReadsFewAsync(async () =>
        Assert.Equal(Wanted, (await new SqlJobStore(_database).ReadChangedAsync([.. Enumerable.Range(0, Partitions.Count)], Now, null, Wanted, None)).Items.Count));

    [Fact]
    public Task A_page_of_the_ledger_ends_where_the_index_says() => AssertReadsFewAsync(async () =>
        Assert.Equal(Keys[999 + Wanted].Id, (await new SqlRevisionLog(_database).ReadAsync("t", Keys[999].Id, Now, Now.AddHours(1), Wanted, None)).LastJob));

    private async Task AssertReadsFewAsync(Func<Task> ask)
    {
        var before = await RowsReadAsync();
        await ask();
        Assert.InRange(await RowsReadAsync() - before, 0, Wanted * 3);
    }

    /// <summary>Once the processes that served the questions have ended.</summary>
    private async Task<long> RowsReadAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        while (await ScalarAsync("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()") > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
        return await ScalarAsync("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'jobs'");
    }

    private async Task<long> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_connection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() as long? ?? 0;
    }
}
