using CronCloud.Faults.Running;

namespace CronCloud.Faults.Nemesis;

/// <summary>The wall clock of one node jumps; nobody else's does. Row 27. Needs libfaketime, which lets a process read its clock off a file.</summary>
public static class ClockFaults
{
    private const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    private static readonly string[] Jumps = ["+10", "+3600", "-10", "-3600"];

    public static bool CanJump => File.Exists(Library);

    internal static IEnumerable<Fault> All => CanJump ? Jumps.Select(jump => new Fault(27, $"node's clock jumps by {jump} s", MayRepeat: true, (cluster, random) => JumpAsync(cluster, random, jump))) : [];

    /// <summary>What a node is started with so that its clock can jump.</summary>
    public static IEnumerable<(string Name, string Value)> SettingsOf(int node)
    {
        if (!CanJump)
            return [];
        File.WriteAllText(ClockOf(node), "+0");
        return
        [
            ("LD_PRELOAD", Library),
            ("FAKETIME_TIMESTAMP_FILE", ClockOf(node)),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
    }

    private static async Task<TimeSpan> JumpAsync(FaultCluster cluster, Random random, string jump)
    {
        var clock = ClockOf(random.Next(3));
        await File.WriteAllTextAsync(clock, jump);
        await cluster.ForAsync(8);
        await File.WriteAllTextAsync(clock, "+0");
        return TimeSpan.Zero;
    }

    private static string ClockOf(int node) => Path.Combine(Path.GetTempPath(), $"croncloud-clock-{Environment.ProcessId}-{node}");
}
