using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace CronCloud.TestServers;

/// <summary>
/// A process of a test's own: it dies with the test process, also when that one is killed. The kernel sends the death signal when the thread
/// that started the child ends, so all children are started by one thread that lives as long as the process.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int MaxLines = 2_000;

    /// <summary>RLIMIT_DATA and RLIMIT_NOFILE.</summary>
    private const int Data = 2;
    private const int OpenFiles = 7;
    private static readonly BlockingCollection<Action> Starts = NewStarter();

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The state after the name in parentheses in the kernel's line about the process.</summary>
    public bool IsStopped => !_process.HasExited && File.ReadAllText($"/proc/{_process.Id}/stat") is var line && line[line.LastIndexOf(')') + 2] == 'T';

    /// <summary>Files and sockets that it has open.</summary>
    public int Descriptors => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    /// <summary>Bytes of memory that it has for itself, written to or not.</summary>
    public long DataBytes => 1_024 * long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmData:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    /// <summary>What it printed, the latest lines last.</summary>
    public IReadOnlyList<string> Lines => [.. _lines];

    public static async Task<ChildProcess> StartAsync(ProcessStartInfo start, string? user = null)
    {
        var wrapped = new ProcessStartInfo("setpriv") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = start.WorkingDirectory };
        foreach (var (name, value) in start.Environment)
            wrapped.Environment[name] = value;
        IEnumerable<string> identity = user is null ? [] : ["--reuid", user, "--regid", user, "--clear-groups"];
        foreach (var argument in (string[])["--pdeathsig", "KILL", .. identity, "--", start.FileName, .. start.ArgumentList])
            wrapped.ArgumentList.Add(argument);

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Starts.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(wrapped)!);
            }
            catch (Exception refused)
            {
                started.SetException(refused);
            }
        });
        var child = new ChildProcess(await started.Task);
        child.Read();
        return child;
    }

    public async Task KillAsync()
    {
        Signal(9);
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the exit code; killed when it does not end in time.</summary>
    public async Task<int> StopAsync(TimeSpan patience)
    {
        Signal(15);
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException late)
        {
            await KillAsync();
            throw new TimeoutException($"{_process.StartInfo.ArgumentList[^1]} did not end within {patience.TotalSeconds} s of SIGTERM. It printed:\n{Tail()}", late);
        }

        return _process.ExitCode;
    }

    public async Task<int> WaitForExitAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>SIGSTOP.</summary>
    public void Pause() => Signal(19);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(18);

    /// <summary>It may have so many files and sockets open from now on; null for as many as the system lets it.</summary>
    public void LimitDescriptors(int? most) => Limit(OpenFiles, most);

    /// <summary>It may have so many bytes of memory for itself from now on; null for as many as the system lets it.</summary>
    public void LimitData(long? most) => Limit(Data, most);

    public string Tail(int lines = 30) => string.Join('\n', _lines.TakeLast(lines));

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private static BlockingCollection<Action> NewStarter()
    {
        var starts = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in starts.GetConsumingEnumerable())
                start();
        })
        { IsBackground = true, Name = "starts child processes" }.Start();
        return starts;
    }

    private void Read()
    {
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        _lines.Enqueue(line);
        if (_lines.Count > MaxLines)
            _lines.TryDequeue(out _);
    }

    private void Limit(int resource, long? most)
    {
        var limit = new ResourceLimit[1];
        if (LimitResource(_process.Id, resource, null, limit) != 0 || LimitResource(_process.Id, resource, [limit[0] with { Soft = (ulong?)most ?? limit[0].Hard }], null) != 0)
            throw new InvalidOperationException($"Resource {resource} of process {_process.Id} could not be limited (errno {Marshal.GetLastPInvokeError()}).");
    }

    private void Signal(int signal)
    {
        if (!_process.HasExited && Kill(_process.Id, signal) != 0 && !_process.HasExited)
            throw new InvalidOperationException($"Signal {signal} could not be sent to process {_process.Id} (errno {Marshal.GetLastPInvokeError()}).");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);

    [DllImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int LimitResource(int process, int resource, [In] ResourceLimit[]? set, [Out] ResourceLimit[]? was);

    /// <summary>What a process keeps to, and how far it may raise that itself.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private record struct ResourceLimit(ulong Soft, ulong Hard);
}
