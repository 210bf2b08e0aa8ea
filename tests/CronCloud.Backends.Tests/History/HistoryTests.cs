using CronCloud.Backends.History;
using CronCloud.Core.History;

namespace CronCloud.Backends.Tests.History;

public sealed class SqliteHistoryTests : HistoryContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private SqliteHistory? _history;

    public void Dispose()
    {
        _history?.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    protected override async Task<IHistory> OpenAsync()
    {
        _history = new SqliteHistory(Path.Combine(_folder.Path, "history.db"), TimeProvider.System);
        await _history.OpenAsync(CancellationToken.None);
        return _history;
    }
}

[Collection(nameof(RealServers))]
public sealed class ClickHouseHistoryTests(RealServers servers) : HistoryContract, IDisposable
{
    private ClickHouseHistory? _history;

    public void Dispose() => _history?.Dispose();

    protected override async Task<IHistory> OpenAsync()
    {
        _history = new ClickHouseHistory((await servers.ClickHouseAsync()).ConnectionString, TimeProvider.System);
        await _history.OpenAsync(CancellationToken.None);
        return _history;
    }
}
