using CronCloud.Faults.Running;

namespace CronCloud.Faults.Nemesis;

/// <summary>The wall clock of one node jumps; nobody else's does. Row 27. Needs libfaketime, which lets a process read its clock off a file.</summary>
public static class ClockFaults
{
    private const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    private static readonly string[] Jumps = ["+10", "+3600", "-10", "-3600"];

    public static bool CanJump => File.Exists(Library);

    internal static IEnumerable<Fault> All => CanJump ? Jumps.Select(jump => new Fault(27, $"clock of a node jumps by {jump} s", MayRepeat: true, (cluster, random) => JumpAsync(cluster, random.Next(3), jump))) : [];

    private static async Task<TimeSpan> JumpAsync(FaultCluster cluster, int node, string jump)
    {
        var clock = Path.GetTempFileName();
        await File.WriteAllTextAsync(clock, "+0");
        await cluster.Nodes.StopNodeAsync(node);
        await cluster.Nodes.StartNodeAsync(node, SettingsOf(clock));
        await cluster.ReviveAsync();

        await File.WriteAllTextAsync(clock, jump);
        await cluster.ForAsync(8);
        await File.WriteAllTextAsync(clock, "+0");
        await cluster.ForAsync(3);
        await cluster.Nodes.KillNodeAsync(node);
        File.Delete(clock);
        return TimeSpan.Zero;
    }

    /// <summary>The monotonic clock stays true: timers and timeouts of the runtime rest on it.</summary>
    private static (string Name, string Value)[] SettingsOf(string clock) =>
    [
        ("LD_PRELOAD", Library),
        ("FAKETIME_TIMESTAMP_FILE", clock),
        ("FAKETIME_CACHE_DURATION", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("FAKETIME_FORCE_MONOTONIC_FIX", "0"),
    ];
}
