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

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
