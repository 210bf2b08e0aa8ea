using CronCloud.Backends.History;
using CronCloud.Core.History;
using CronCloud.Core.Ledger;

namespace CronCloud.Backends.Tests.Ledger;

public sealed class SqliteLedgerHistoryTests : LedgerHistoryContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private SqliteHistory? _history;

    public void Dispose()
    {
        _history?.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    protected override async Task<(IHistory History, ILedgerHistory Ledger)> OpenAsync()
    {
        var path = Path.Combine(_folder.Path, "history.db");
        _history = new SqliteHistory(path, TimeProvider.System);
        await _history.OpenAsync(CancellationToken.None);
        return (_history, new SqliteLedger(path));
    }
}

[Collection(nameof(RealServers))]
public sealed class ClickHouseLedgerHistoryTests(RealServers servers) : LedgerHistoryContract, IDisposable
{
    private ClickHouseHistory? _history;
    private ClickHouseLedger? _ledger;

    public void Dispose()
    {
        _history?.Dispose();
        _ledger?.Dispose();
    }

    protected override async Task<(IHistory History, ILedgerHistory Ledger)> OpenAsync()
    {
        var server = (await servers.ClickHouseAsync()).ConnectionString;
        _history = new ClickHouseHistory(server, TimeProvider.System);
        _ledger = new ClickHouseLedger(server, TimeProvider.System);
        await _history.OpenAsync(CancellationToken.None);
        return (_history, _ledger);
    }
}
