using System.Diagnostics;
using System.Globalization;

namespace CronCloud.TestServers;

/// <summary>A file system of its own under a server's folder, in memory, that can be full and free again. Only root may mount.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private const int SizeMb = 512;

    /// <summary>tmpfs counts pages.</summary>
    private const long Page = 4096;

    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    public static bool CanBeMounted => Environment.UserName == "root";

    public static async Task<SmallDisk> MountAsync(string folder)
    {
        await RunAsync("mount", "-t", "tmpfs", "-o", $"size={SizeMb}m,mode=0700", "tmpfs", folder);
        return new SmallDisk(folder);
    }

    /// <summary>No page is left: what is there may be read and written over, and nothing can be added. Writers make it a race.</summary>
    public async Task FillAsync()
    {
        while (true)
        {
            var disk = new DriveInfo(_folder);
            var used = (disk.TotalSize - disk.TotalFreeSpace + Page - 1) / Page * Page;
            if (await TryRunAsync("mount", "-o", string.Create(CultureInfo.InvariantCulture, $"remount,size={used}"), _folder) && new DriveInfo(_folder).TotalFreeSpace == 0)
                return;
        }
    }

    public Task FreeAsync() => RunAsync("mount", "-o", $"remount,size={SizeMb}m", _folder);

    /// <summary>Lazily: of a server that was killed, children may take a moment longer to end.</summary>
    public async ValueTask DisposeAsync() => await RunAsync("umount", "--lazy", _folder);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        if (!await TryRunAsync(program, arguments))
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed.");
    }

    private static async Task<bool> TryRunAsync(string program, params string[] arguments)
    {
        await using var process = await ChildProcess.StartAsync(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/" });
        return await process.WaitForExitAsync(TimeSpan.FromSeconds(10)) == 0;
    }
}
