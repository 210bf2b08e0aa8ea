using System.Diagnostics;
using System.Globalization;

namespace CronCloud.TestServers;

/// <summary>A real server for tests: on a free port of loopback, with a temporary folder of its own, ended and removed with the test.</summary>
public abstract class Server : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ProbePause = TimeSpan.FromMilliseconds(20);

    private ChildProcess? _process;

    public int Port { get; } = FreePort.Next();

    public int Id => Process.Id;

    /// <summary>As the product's settings have it.</summary>
    public string ConnectionString => ConnectionStringAt(Port);

    /// <summary>Null when its folder is on the disk of all.</summary>
    public SmallDisk? Disk { get; private set; }

    protected string Folder { get; } = Directory.CreateTempSubdirectory("croncloud-server-").FullName;

    protected abstract string Name { get; }

    /// <summary>The account that the server runs under; null for that of the tests.</summary>
    protected virtual string? User => null;

    /// <summary>The most that the process has had in memory, as the kernel counts it.</summary>
    public long PeakMemoryMb => long.Parse(File.ReadLines($"/proc/{Process.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) >> 10;

    public async Task RestartAsync()
    {
        if (_process is { HasExited: false })
            await StopAsync();
        await StartAsync();
    }

    /// <summary>kill -9.</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>While it is down after a full disk: what an operator does that it starts again. Answers whether that took away what it had kept.</summary>
    public virtual Task<bool> RepairAsync() => Task.FromResult(false);

    public async Task StopAsync() => await Process.StopAsync(TimeSpan.FromSeconds(30));

    /// <summary>SIGSTOP.</summary>
    public void Pause() => Process.Pause();

    /// <summary>SIGCONT.</summary>
    public void Resume() => Process.Resume();

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        if (Disk is not null)
            await Disk.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>As the product's settings have it, for one who comes to the server through another port.</summary>
    public abstract string ConnectionStringAt(int port);

    protected abstract ProcessStartInfo Command();

    /// <summary>Throws while the server does not answer.</summary>
    protected abstract Task ProbeAsync();

    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>With its folder on a disk that can be full, or on that of all.</summary>
    protected async Task StartNewAsync(bool onSmallDisk)
    {
        if (onSmallDisk)
            Disk = await SmallDisk.MountAsync(Folder);
        await PrepareAsync();
        await StartAsync();
    }

    protected static string Find(string program, string package, params string[] folders)
    {
        var path = folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')).Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists);
        return path ?? throw new FileNotFoundException($"{program} is not on this machine: install the Debian package {package}, or run tests/run, which does.");
    }

    private ChildProcess Process => _process ?? throw new InvalidOperationException($"{Name} was not started.");

    private async Task StartAsync()
    {
        _process = await ChildProcess.StartAsync(Command(), User);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await ProbeAsync();
                return;
            }
            catch (Exception silent)
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
                    throw new InvalidOperationException($"{Name} did not start: {silent.Message}\nIt printed:\n{_process.Tail()}", silent);
            }

            await Task.Delay(ProbePause, TimeProvider.System);
        }
    }
}
