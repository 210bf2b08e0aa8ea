using System.Threading.Channels;
using CronCloud.Core;
using Microsoft.Data.Sqlite;

namespace CronCloud.Backends.Streams;

/// <summary>
/// The SQLite file of the stream twins. All writes go through one writer, which commits many at once (group commit), so that what was
/// answered is in the file: a kill -9 loses nothing.
/// </summary>
public sealed class SqliteStreamFile : IDependency, IAsyncDisposable
{
    private const int MaxWritesPerCommit = 2_000;

    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new UnboundedChannelOptions { SingleReader = true });
    private Task _writer = Task.CompletedTask;

    public SqliteStreamFile(string path, TimeProvider time)
    {
        _path = path;
        Executions = new SqliteStream(this, "executions", readers: 1, StreamLimits.MaxExecutions, time);
        Outcomes = new SqliteStream(this, "outcomes", readers: 3, StreamLimits.MaxOutcomes, time);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
    }

    public string Name => "nats";

    public string Description => $"twin: SQLite in {_path}";

    internal SqliteStream Executions { get; }

    internal SqliteStream Outcomes { get; }

    /// <summary>Also reads what an earlier process left.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        _connection.Open();
        Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA auto_vacuum=INCREMENTAL;");
        _writer = Task.Run(WriteAllAsync, CancellationToken.None);
        await Executions.OpenAsync().WaitAsync(cancellation);
        await Outcomes.OpenAsync().WaitAsync(cancellation);
    }

    public Task ProbeAsync(CancellationToken cancellation) => WriteAsync(_ => { }).WaitAsync(TimeSpan.FromSeconds(2), cancellation);

    /// <summary>Runs the statements in the next commit, and returns when they are in the file.</summary>
    internal Task WriteAsync(Action<SqliteConnection> statements)
    {
        var write = new Write(statements, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        ObjectDisposedException.ThrowIf(!_writes.Writer.TryWrite(write), this);
        return write.Done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_writes.Writer.TryComplete())
            return;
        await _writer;
        await _connection.DisposeAsync();
    }

    private async Task WriteAllAsync()
    {
        var batch = new List<Write>();
        while (await _writes.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MaxWritesPerCommit && _writes.Reader.TryRead(out var write))
                batch.Add(write);
            Commit(batch);
        }
    }

    private void Commit(List<Write> batch)
    {
        try
        {
            Execute("BEGIN IMMEDIATE");
            foreach (var write in batch)
                write.Statements(_connection);
            Execute("COMMIT");
        }
        catch (Exception broken)
        {
            Undo();
            foreach (var write in batch)
                write.Done.TrySetException(broken);
            return;
        }

        foreach (var write in batch)
            write.Done.TrySetResult();
    }

    /// <summary>Whatever breaks, the writer goes on: nobody would be answered any more. An open transaction that cannot be undone now makes the next BEGIN fail, and is tried again then.</summary>
    private void Undo()
    {
        try
        {
            if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
                Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // What is open is left to the next commit.
        }
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private sealed record Write(Action<SqliteConnection> Statements, TaskCompletionSource Done);
}
