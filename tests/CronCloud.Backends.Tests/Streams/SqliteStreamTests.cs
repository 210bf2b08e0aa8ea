using CronCloud.Backends.Streams;
using CronCloud.Core.Streams;

namespace CronCloud.Backends.Tests.Streams;

public sealed class SqliteExecutionQueueTests : ExecutionQueueContract, IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly AdvancingTime _time = new();
    private readonly List<SqliteStreamFile> _files = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var file in _files)
            await file.DisposeAsync();
        _folder.Dispose();
    }

    protected override async Task<IExecutionQueue> OpenAsync()
    {
        var file = new SqliteStreamFile(Path.Combine(_folder.Path, "streams.db"), _time);
        _files.Add(file);
        await file.OpenAsync(CancellationToken.None);
        return new SqliteExecutionQueue(file);
    }

    protected override async Task<IExecutionQueue> ReopenAsync()
    {
        await _files[^1].DisposeAsync();
        return await OpenAsync();
    }

    protected override Task PassAckWaitAsync()
    {
        _time.Skip(TimeSpan.FromSeconds(5));
        return Task.CompletedTask;
    }
}

public sealed class SqliteOutcomeStreamTests : OutcomeStreamContract, IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private SqliteStreamFile? _file;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_file is not null)
            await _file.DisposeAsync();
        _folder.Dispose();
    }

    protected override async Task<IOutcomeStream> OpenAsync()
    {
        _file = new SqliteStreamFile(Path.Combine(_folder.Path, "streams.db"), TimeProvider.System);
        await _file.OpenAsync(CancellationToken.None);
        return new SqliteOutcomeStream(_file);
    }
}

/// <summary>The system's time, with jumps ahead.</summary>
internal sealed class AdvancingTime : TimeProvider
{
    private TimeSpan _ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

    public void Skip(TimeSpan time) => _ahead += time;
}
