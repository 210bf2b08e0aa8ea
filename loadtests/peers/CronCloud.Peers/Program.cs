using System.Diagnostics;
using CronCloud.Peers;

// The peers that CronCloud is measured against, those of .NET: each process has one role. It says "ready" when it works, "made MS" when it has made its jobs.
if (PeerArguments.Parse(args) is not { } arguments)
{
    Console.Error.WriteLine(PeerArguments.Usage);
    return 2;
}

SinkClient.Url = arguments.Sink;
// Hangfire's calls of Redis and of jobs block threads: the client of Redis asks for as many at once (https://stackexchange.github.io/StackExchange.Redis/Timeouts).
ThreadPool.SetMinThreads(200, 200);
IPeer? peer = arguments.Peer switch
{
    "hangfire-redis" => HangfirePeer.OnRedis(arguments.Connection),
    "hangfire-postgres" => HangfirePeer.OnPostgres(arguments.Connection),
    "quartz" => new QuartzPeer(arguments.Connection),
    _ => null,
};
var started = Stopwatch.GetTimestamp();
switch (peer is null ? "" : arguments.Role)
{
    case "work":
        await using (await peer!.WorkAsync())
        {
            Console.WriteLine("ready");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        }

        break;
    case "herd":
        await peer!.MakeHerdAsync(arguments.Name, arguments.Jobs, arguments.Due);
        break;
    case "steady":
        await peer!.MakeSteadyAsync(arguments.Name, arguments.Jobs, arguments.Due);
        break;
    default:
        Console.Error.WriteLine(PeerArguments.Usage);
        return 2;
}

Console.WriteLine($"made {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0}");
return 0;
