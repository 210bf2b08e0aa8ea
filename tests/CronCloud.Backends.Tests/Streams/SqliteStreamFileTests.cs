using CronCloud.Backends.Streams;
using CronCloud.Core.Streams;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.Tests.Streams;

public sealed class SqliteStreamFileTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private SqliteStreamFile _file = null!;

    public async Task InitializeAsync()
    {
        _file = new SqliteStreamFile(Path.Combine(_folder.Path, "streams.db"), TimeProvider.System);
        await _file.OpenAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _file.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Whatever_breaks_in_a_commit_the_next_one_is_made()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _file.WriteAsync(_ => throw new InvalidOperationException("a bug")).WaitAsync(Patience));

        Assert.Equal([true], await new SqliteExecutionQueue(_file).PublishAsync([new StreamMessage("a", 1, default)], CancellationToken.None).WaitAsync(Patience));
    }

    [Fact]
    public async Task A_publish_that_is_not_in_the_file_is_told_and_may_be_tried_again()
    {
        var queue = new SqliteExecutionQueue(_file);
        await _file.WriteAsync(connection => Execute(connection, "ALTER TABLE executions RENAME TO elsewhere"));
        await Assert.ThrowsAsync<SqliteException>(() => queue.PublishAsync([new StreamMessage("a", 1, default)], CancellationToken.None).WaitAsync(Patience));
        await _file.WriteAsync(connection => Execute(connection, "ALTER TABLE elsewhere RENAME TO executions"));

        await queue.PublishAsync([new StreamMessage("a", 1, default)], CancellationToken.None).WaitAsync(Patience);

        Assert.Single(await queue.PullAsync(10, TimeSpan.Zero, CancellationToken.None));
    }

    [Fact]
    public async Task A_file_of_an_earlier_version_has_for_a_new_reader_what_not_all_of_the_older_ones_had_taken()
    {
        await _file.WriteAsync(connection => Execute(connection, "INSERT INTO outcomes VALUES (1, 'a', 0, x'61', 1), (2, 'b', 0, NULL, 3), (3, 'c', 0, x'63', 0)"));
        await _file.DisposeAsync();
        await InitializeAsync();
        var stream = new SqliteOutcomeStream(_file);

        Assert.Equal(["a", "c"], await ReadAsync(OutcomeReader.Alerts));
        Assert.Equal(["a", "c"], await ReadAsync(OutcomeReader.History));
        Assert.Equal(["c"], await ReadAsync(OutcomeReader.Settler));

        async Task<IEnumerable<string>> ReadAsync(OutcomeReader reader) =>
            (await stream.PullAsync(reader, 10, TimeSpan.Zero, CancellationToken.None)).Select(d => System.Text.Encoding.UTF8.GetString(d.Body.Span));
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
