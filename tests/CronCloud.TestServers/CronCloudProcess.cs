using System.Diagnostics;

namespace CronCloud.TestServers;

/// <summary>A process of the product: a gateway or a node.</summary>
public sealed class CronCloudProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ProbePause = TimeSpan.FromMilliseconds(50);

    private readonly ChildProcess _process;

    private CronCloudProcess(ChildProcess process, Uri url)
    {
        _process = process;
        Http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
    }

    public HttpClient Http { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Whether it stands still after SIGSTOP, as the kernel has it.</summary>
    public bool IsStopped => _process.IsStopped;

    public string Output => Tail(200);

    public static Task<CronCloudProcess> StartGatewayAsync(int port, IReadOnlyDictionary<string, string> settings) =>
        StartAsync(Repository.Published("CronCloud.Gateway"), port, settings);

    public static Task<CronCloudProcess> StartNodeAsync(int port, IReadOnlyDictionary<string, string> settings) =>
        StartAsync(Repository.Published("CronCloud.Node"), port, settings);

    /// <summary>Returns when everything that it stands on can serve.</summary>
    public async Task UntilReadyAsync()
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await IsReadyAsync())
                return;
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > ReadyLimit)
                throw new InvalidOperationException($"CronCloud did not become ready. It says {await ReadinessAsync()}. It printed:\n{Output}");
            await Task.Delay(ProbePause, TimeProvider.System);
        }
    }

    /// <summary>Whether it serves, and all that it stands on.</summary>
    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>What it says of what it stands on.</summary>
    public async Task<string> ReadinessAsync()
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException)
        {
            return silent.Message;
        }
    }

    public string Tail(int lines) => _process.Tail(lines);

    /// <summary>kill -9.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>SIGTERM, and the exit code.</summary>
    public Task<int> StopAsync() => _process.StopAsync(TimeSpan.FromSeconds(60));

    public Task<int> WaitForExitAsync() => _process.WaitForExitAsync(TimeSpan.FromSeconds(60));

    /// <inheritdoc cref="ChildProcess.Descriptors"/>
    public int Descriptors => _process.Descriptors;

    /// <inheritdoc cref="ChildProcess.LimitDescriptors"/>
    public void LimitDescriptors(int? most) => _process.LimitDescriptors(most);

    /// <inheritdoc cref="ChildProcess.DataBytes"/>
    public long DataBytes => _process.DataBytes;

    /// <inheritdoc cref="ChildProcess.LimitData"/>
    public void LimitData(long? most) => _process.LimitData(most);

    public void Pause() => _process.Pause();

    public void Resume() => _process.Resume();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _process.DisposeAsync();
    }

    private static async Task<CronCloudProcess> StartAsync(string program, int port, IReadOnlyDictionary<string, string> settings)
    {
        var url = new Uri($"http://127.0.0.1:{port}");
        var start = new ProcessStartInfo(program) { WorkingDirectory = Path.GetTempPath() };
        start.Environment["Urls"] = url.ToString();
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return new CronCloudProcess(await ChildProcess.StartAsync(start), url);
    }
}
