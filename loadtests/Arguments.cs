using System.Globalization;
using CronCloud.Faults.Nemesis;
using CronCloud.LoadTests.Contenders;
using CronCloud.LoadTests.Scenarios;

namespace CronCloud.LoadTests;

/// <summary>What to measure: <c>scenario parts</c>, and options.</summary>
internal sealed record Arguments(string Scenario, string Parts)
{
    public const string Usage =
        """
        usage: dotnet run -c Release --project loadtests -- SCENARIO PARTS [--jobs N] [--seconds N] [--kill] [--seed N] [--minutes N] [--rows N]
                                                                     [--rounds N] [--nodes N] [--rate N] [--period N] [--idle N] [--degraded S] [--speed N] [--peers A,B|none] [--only FAULT --times N]
          SCENARIO  every-second   N jobs (100) that are due every second, for so many seconds (300)
                    steady         --rate executions a second (2894) of jobs that are due every --period seconds (1), beside so many --idle jobs (0), for so many seconds (300),
                                   on so many --nodes (3); on the real parts only
                    herd           N jobs (5000) that are due at one instant
                    herd-messages  N jobs (100000) that are due at one instant, one NATS message each, on so many --nodes (3); on the real parts only
                    deployment     N jobs (500) that are due every second, three nodes told to stop and started again one after the other; on the real parts only
                    rebuild        Redis emptied under N jobs (100000); on the real parts only
                    promises       the simulation on N seeds (2000) from --seed on (fresh ones): which of them break a promise; on the twins only
                    metrics        N jobs (200) that are due every second, some failing, for so many minutes (10), and a picture of what /metrics told
                    faults         fault after fault, chosen by a seed (1), for so many minutes (30); on the real parts only
                    history        a day of N rows (50000000) of N jobs (50000) in ClickHouse: what they cost, how fast they are found, and written for so many seconds (30); on the real parts only
                    import         N jobs (1000000) imported by POST /v1/jobs/import: how fast, their bytes in Redis and PostgreSQL, imported again unchanged and changed, and exported
                    ledger         one hour of N jobs (1000000), each due once in it, compared with what history has; on the real parts only
                    herd-peers     N jobs (20000) that are due at one instant, on CronCloud and on its peers in turns, for so many rounds (3); on the real parts only
                    day            a day of fifty million executions, --speed (10; a divisor of 60) times as fast, for so many seconds (1800), on so many --nodes (3); on the real parts only
                    floor          steady, and then the same steps bare: two messages through JetStream and a POST; on the real parts only
                    steady-peers   so many executions a second (1000) for so many seconds (60), on CronCloud and on its peers in turns; on the real parts only
          PARTS     real           Redis, NATS, PostgreSQL, ClickHouse, three nodes and a gateway
                    twins          one process
          --only    faults: instead, the faults of that row of the matrix, or whose names have that text, each at each of its moments so many times (--times, 20)
          --kill    every-second, steady: kill -9 a node (the process) half way, or after a third, and start it again 5 s later
          --degraded steady: in the middle third of the time, clickhouse is stopped, or what nodes and redis tell each other takes 50 ms longer, there and back, or postgres 200 ms
          --nodes   herd-messages, herd-peers, steady-peers: of CronCloud, 1 to 3 (3)
          --peers   which: bullmq, hangfire-redis, hangfire-postgres, quartz (all)
        """;

    public int Jobs { get; init; } = Scenario switch
    {
        "herd" => 5_000,
        "herd-peers" => 20_000,
        "herd-messages" => 100_000,
        "deployment" => 500,
        "rebuild" => 100_000,
        "promises" => 2_000,
        "metrics" => 200,
        "history" => 50_000,
        "ledger" or "import" => 1_000_000,
        _ => 100,
    };

    public int Seconds { get; init; } = Scenario switch
    {
        "history" => 30,
        "steady-peers" or "floor" => 60,
        "day" => 1_800,
        _ => 300,
    };

    public bool Kill { get; init; }

    /// <summary>Null when it was not given.</summary>
    public int? Seed { get; init; }

    public int Minutes { get; init; } = Scenario == "metrics" ? 10 : 30;

    public int Rows { get; init; } = 50_000_000;

    public int Rounds { get; init; } = 3;

    public int Nodes { get; init; } = 3;

    /// <summary>Executions a second.</summary>
    public int Rate { get; init; } = Scenario is "steady" or "floor" ? 2_894 : 1_000;

    /// <summary>Of the day: how many of its seconds pass in one.</summary>
    public int Speed { get; init; } = 10;

    /// <summary>Seconds.</summary>
    public int Period { get; init; } = 1;

    public int Idle { get; init; }

    /// <summary>One of <see cref="Disturbance.Names"/>; null when all is well.</summary>
    public string? Degraded { get; init; }

    public IReadOnlyList<string> Peers { get; init; } = Peer.Names;

    /// <summary>A row of the faults' matrix, or a part of names; null for all.</summary>
    public string? Only { get; init; }

    public int Times { get; init; } = 20;

    public static Arguments? Parse(string[] args)
    {
        if (args.Length < 2 || args[1] is not ("real" or "twins") || (args[0] is "faults" or "herd-messages" or "deployment" or "rebuild" or "history" or "ledger" or "steady" or "floor" or "day" or "herd-peers" or "steady-peers" && args[1] != "real"))
            return null;
        var arguments = new Arguments(args[0], args[1]);
        for (var i = 2; i < args.Length; i++)
        {
            if (args[i] == "--kill" && arguments is { Scenario: "every-second" or "steady", Degraded: null })
                arguments = arguments with { Kill = true };
            else if (args[i] == "--peers" && i + 1 < args.Length && PeersOf(args[i + 1]) is { } peers)
                (arguments, i) = (arguments with { Peers = peers }, i + 1);
            else if (args[i] == "--degraded" && args[0] == "steady" && i + 1 < args.Length && Disturbance.Names.Contains(args[i + 1]) && !arguments.Kill)
                arguments = arguments with { Degraded = args[++i] };
            else if (args[i] == "--only" && args[0] == "faults" && i + 1 < args.Length && FaultMatrix.Named(args[i + 1]).Count > 0)
                arguments = arguments with { Only = args[++i] };
            else if (i + 1 == args.Length || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || With(arguments, args[i++], number) is not { } next)
                return null;
            else
                arguments = next;
        }

        return arguments;
    }

    private static string[]? PeersOf(string names) =>
        names == "none" ? [] : names.Split(',') is var peers && peers.All(Peer.Names.Contains) ? peers : null;

    private static Arguments? With(Arguments arguments, string name, int number) => name switch
    {
        "--jobs" when number is > 0 and <= 5_000_000 => arguments with { Jobs = number },
        "--seconds" when number is > 0 and <= 3_600 => arguments with { Seconds = number },
        "--minutes" when number is > 0 and <= 600 => arguments with { Minutes = number },
        "--rows" when number is >= 100_000 and <= 500_000_000 => arguments with { Rows = number },
        "--rounds" when number is > 0 and <= 100 => arguments with { Rounds = number },
        "--nodes" when number is > 0 and <= 3 => arguments with { Nodes = number },
        "--rate" when number is > 0 and <= 100_000 => arguments with { Rate = number },
        "--speed" when number is > 0 and <= 60 && 60 % number == 0 => arguments with { Speed = number },
        "--period" when number is > 0 and <= 3_600 => arguments with { Period = number },
        "--idle" when number is >= 0 and <= 5_000_000 => arguments with { Idle = number },
        "--times" when number is > 0 and <= 1_000 => arguments with { Times = number },
        "--seed" => arguments with { Seed = number },
        _ => null,
    };
}
