using System.Globalization;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;
using CronCloud.Core.History;

namespace CronCloud.Backends.History;

/// <summary>Reads and statements within limits of time and memory.</summary>
internal sealed class ClickHouseReads(ClickHouseClient client, TimeProvider time)
{
    /// <summary>What one read may take, and all reads of a search together.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>The server's own codes for a query that it ended: time, time as foreseen, memory.</summary>
    private static readonly int[] TooBroad = [159, 160, 241];

    /// <summary>The server ends a read before we give it up, and one that nobody waits for: what is given up here only would go on there.</summary>
    private static readonly Dictionary<string, object> Settings = new()
    {
        ["max_memory_usage"] = 2_000_000_000L,
        ["cancel_http_readonly_queries_on_client_close"] = 1,
        ["do_not_merge_across_partitions_select_final"] = 1,
        ["max_query_size"] = 4_000_000,
    };

    private long? _searchBegan;

    /// <summary>Whether the server ended it for what it costs.</summary>
    public static bool IsTooBroad(ClickHouseServerException ended) => TooBroad.Contains(ended.ErrorCode);

    /// <summary>For the reads of one search: the limit of time holds for all of them together.</summary>
    public ClickHouseReads ForSearch() => new(client, time) { _searchBegan = time.GetTimestamp() };

    public async Task<List<T>> ReadAsync<T>(string sql, ClickHouseParameterCollection parameters, Func<ClickHouseDataReader, T> row, CancellationToken cancellation)
    {
        // Whole seconds: the server knows no parts of them.
        var left = TimeSpan.FromSeconds(Math.Ceiling((Patience - (_searchBegan is { } began ? time.GetElapsedTime(began) : TimeSpan.Zero)).TotalSeconds));
        if (left <= TimeSpan.Zero)
            throw new SearchTooBroadException(new TimeoutException($"The search took longer than {Patience.TotalSeconds:0} s."));
        try
        {
            await using var reader = await client.ExecuteReaderAsync(sql, parameters, new QueryOptions { MaxExecutionTime = left, CustomSettings = Settings }, cancellation).WaitAsync(Limit, time, cancellation);
            // The driver reads on the caller's thread, for as long as the server takes: it is given another one, and closed when that takes too long.
            return await Task.Run(() => Rows(reader, row), cancellation).WaitAsync(Limit, time, cancellation);
        }
        catch (ClickHouseServerException ended) when (IsTooBroad(ended))
        {
            throw new SearchTooBroadException(ended);
        }
    }

    /// <summary>An instant as a constant that the server's index of a partition and of the order can use.</summary>
    public static string Instant(DateTimeOffset instant) => string.Create(CultureInfo.InvariantCulture, $"fromUnixTimestamp64Milli({instant.ToUnixTimeMilliseconds()}, 'UTC')");

    /// <summary>Texts as a list of constants: parameters travel in the address, which holds no thousands of them.</summary>
    public static string Texts(IEnumerable<string> texts) =>
        string.Join(", ", texts.Select(t => $"'{t.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'"));

    private static List<T> Rows<T>(ClickHouseDataReader reader, Func<ClickHouseDataReader, T> row)
    {
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(row(reader));
        return rows;
    }
}
