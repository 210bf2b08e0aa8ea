using System.Diagnostics;
using CronCloud.Faults.Evidence;
using CronCloud.TestServers;

namespace CronCloud.Faults.Running;

/// <summary>The sink in a process of its own, and its ledger.</summary>
public sealed class SinkProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ProbePause = TimeSpan.FromMilliseconds(50);

    private readonly ChildProcess _process;
    private readonly string _folder;

    private SinkProcess(ChildProcess process, string folder, string url)
    {
        (_process, _folder, Url) = (process, folder, url);
        Ledger = new Ledger(LedgerPath(folder));
    }

    public string Url { get; }

    public Ledger Ledger { get; }

    public static async Task<SinkProcess> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("croncloud-sink-").FullName;
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        var process = await ChildProcess.StartAsync(new ProcessStartInfo("dotnet", [Repository.Output("tests/CronCloud.Sink", "CronCloud.Sink.dll"), "--urls", url, "--ledger", LedgerPath(folder)]) { WorkingDirectory = folder });
        var sink = new SinkProcess(process, folder, url);
        await sink.UntilReadyAsync();
        return sink;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string LedgerPath(string folder) => Path.Combine(folder, "ledger");

    private async Task UntilReadyAsync()
    {
        using var http = new HttpClient();
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await http.GetStringAsync(new Uri($"{Url}/sink/ready"));
                return;
            }
            catch (HttpRequestException) when (!_process.HasExited && Stopwatch.GetElapsedTime(started) < StartLimit)
            {
                await Task.Delay(ProbePause, TimeProvider.System);
            }
        }
    }
}
