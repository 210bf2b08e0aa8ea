using System.Diagnostics;
using System.Globalization;
using CronCloud.LoadSink;
using CronCloud.TestServers;

namespace CronCloud.LoadTests.Sinks;

/// <summary>The sink for loads, in a process of its own.</summary>
internal sealed class LoadSinkProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ProbePause = TimeSpan.FromMilliseconds(50);

    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private LoadSinkProcess(ChildProcess process, string url)
    {
        _process = process;
        Url = url;
        _http = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) };
    }

    public string Url { get; }

    /// <summary>Of the process, for those who ask the kernel what it used.</summary>
    public int Id => _process.Id;

    public static async Task<LoadSinkProcess> StartAsync()
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        var sink = new LoadSinkProcess(await ChildProcess.StartAsync(new ProcessStartInfo("dotnet", [Repository.Output("loadtests/CronCloud.LoadSink", "CronCloud.LoadSink.dll"), "--urls", url])), url);
        await sink.UntilListeningAsync();
        return sink;
    }

    /// <summary>How many requests have arrived.</summary>
    public async Task<int> CountAsync() => int.Parse(await _http.GetStringAsync(new Uri("/count", UriKind.Relative)), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>Returns when so many requests have arrived.</summary>
    public async Task UntilAsync(int count, TimeSpan patience)
    {
        var started = Stopwatch.GetTimestamp();
        while (await CountAsync() is var arrived && arrived < count)
        {
            if (Stopwatch.GetElapsedTime(started) > patience)
                throw new TimeoutException($"{arrived} of {count} webhooks arrived within {patience.TotalSeconds} s.");
            await Task.Delay(ProbePause, TimeProvider.System);
        }
    }

    /// <summary>Everything that has arrived, in the order of arrival.</summary>
    public async Task<IReadOnlyList<Arrival>> DumpAsync()
    {
        await using var dump = await _http.GetStreamAsync(new Uri("/dump", UriKind.Relative));
        return await ArrivalDump.ReadAsync(dump);
    }

    /// <summary>Forgets what has arrived.</summary>
    public async Task ClearAsync()
    {
        using var answer = await _http.PostAsync(new Uri("/clear", UriKind.Relative), content: null);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private async Task UntilListeningAsync()
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await CountAsync();
                return;
            }
            catch (HttpRequestException silent)
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
                    throw new InvalidOperationException($"The sink did not start. It printed:\n{_process.Tail()}", silent);
            }

            await Task.Delay(ProbePause, TimeProvider.System);
        }
    }
}
