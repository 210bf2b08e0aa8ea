namespace CronCloud.LoadTests.Scenarios;

/// <summary>Statements for the ClickHouse engine that are not the product's.</summary>
internal sealed class EngineSql(int port) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}/"), Timeout = TimeSpan.FromMinutes(5) };

    /// <summary>The answer's lines, each with its columns.</summary>
    public async Task<IReadOnlyList<string[]>> RunAsync(string sql)
    {
        using var content = new StringContent(sql);
        using var answer = await _http.PostAsync((Uri?)null, content);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))]
            : throw new InvalidOperationException($"The engine refused: {text}\n{sql}");
    }

    public void Dispose() => _http.Dispose();
}
