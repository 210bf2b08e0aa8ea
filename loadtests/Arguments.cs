using System.Globalization;

namespace CronCloud.LoadTests;

/// <summary>What to measure: <c>scenario parts [--jobs n] [--seconds n] [--kill]</c>.</summary>
internal sealed record Arguments(string Scenario, string Parts, int Jobs, int Seconds, bool Kill)
{
    public const string Usage =
        """
        usage: dotnet run -c Release --project loadtests -- SCENARIO PARTS [--jobs N] [--seconds N] [--kill]
          SCENARIO  every-second   N jobs (100) that are due every second, for so many seconds (300)
                    herd           N jobs (5000) that are due at one instant
          PARTS     real           Redis, NATS, PostgreSQL, ClickHouse, three nodes and a gateway
                    twins          one process
          --kill    every-second: kill -9 a node (the process) half way, and start it again 5 s later
        """;

    public static Arguments? Parse(string[] args)
    {
        if (args.Length < 2 || args[1] is not ("real" or "twins"))
            return null;
        var (jobs, seconds, kill) = (args[0] == "herd" ? 5_000 : 100, 300, false);
        for (var i = 2; i < args.Length; i++)
        {
            if (args[i] == "--kill")
                kill = true;
            else if (args[i] == "--jobs" && i + 1 < args.Length && int.TryParse(args[++i], NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= 100_000)
                jobs = n;
            else if (args[i] == "--seconds" && i + 1 < args.Length && int.TryParse(args[++i], NumberStyles.None, CultureInfo.InvariantCulture, out var s) && s is > 0 and <= 3_600)
                seconds = s;
            else
                return null;
        }

        return new Arguments(args[0], args[1], jobs, seconds, kill);
    }
}
