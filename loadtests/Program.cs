using CronCloud.LoadTests;
using CronCloud.LoadTests.Contenders;
using CronCloud.LoadTests.Metrics;
using CronCloud.LoadTests.Scenarios;

// Measures CronCloud and writes what came of it to loadtests/results. Everything runs on this machine, on loopback.
if (Arguments.Parse(args) is not { } arguments)
{
    Console.Error.WriteLine(Arguments.Usage);
    return 2;
}

if (arguments.Scenario == "faults")
{
    var faults = await FaultStorm.RunAsync(arguments);
    Console.WriteLine(await ResultFile.WriteAsync(arguments, faults));
    return faults.Violations.Count == 0 ? 0 : 1;
}

if (arguments.Scenario == "metrics")
{
    var load = await SteadyLoad.RunAsync(arguments);
    await ResultFile.WriteAsync(arguments, load);
    await MetricsPicture.WriteAsync(ResultFile.PathOf(arguments, "svg"), $"{arguments.Jobs} executions a second on the {(arguments.Parts == "real" ? "real servers, three nodes and a gateway" : "twins, one process")}, as /metrics tells it", load.Points);
    Console.WriteLine(load with { Points = [] });
    return load.Missed == 0 && load.Findings == 0 ? 0 : 1;
}

if (arguments.Scenario == "promises")
{
    var seeds = Promises.Run(arguments);
    Console.WriteLine(await ResultFile.WriteAsync(arguments, seeds));
    return seeds.Failing == 0 ? 0 : 1;
}

if (arguments.Scenario == "steady")
{
    var steady = await SteadyRate.RunAsync(arguments);
    Console.WriteLine(await ResultFile.WriteAsync(arguments, steady));
    return steady is { Missing: 0, Early: 0 } && (arguments.Kill || steady.Duplicates == 0) ? 0 : 1;
}

if (arguments.Scenario == "floor")
{
    Console.WriteLine(await ResultFile.WriteAsync(arguments, await Floor.RunAsync(arguments)));
    return 0;
}

if (arguments.Scenario == "day")
{
    var day = await Day.RunAsync(arguments);
    Console.WriteLine(await ResultFile.WriteAsync(arguments, day));
    return day is { Missing: 0, Early: 0, Duplicates: 0 } ? 0 : 1;
}

if (arguments.Scenario == "history")
{
    Console.WriteLine(await ResultFile.WriteAsync(arguments, await HistoryDay.RunAsync(arguments)));
    return 0;
}

if (arguments.Scenario == "import")
{
    Console.WriteLine(await ResultFile.WriteAsync(arguments, await Import.RunAsync(arguments)));
    return 0;
}

if (arguments.Scenario == "ledger")
{
    var closed = await LedgerOfAnHour.RunAsync(arguments);
    Console.WriteLine(await ResultFile.WriteAsync(arguments, closed));
    return closed is { Missing: 1, Unexpected: 1 } ? 0 : 1;
}

if (arguments.Scenario is "herd-peers" or "steady-peers")
{
    var peers = arguments.Scenario == "herd-peers" ? await HerdOfPeers.RunAsync(arguments) : await SteadyOfPeers.RunAsync(arguments);
    Console.WriteLine(await ResultFile.WriteAsync(arguments, peers));
    return peers.Turns.All(turn => turn.Contender != Contender.CronCloud || turn.Measured.Lateness is { Missing: 0, Early: 0 }) ? 0 : 1;
}

var result = arguments.Scenario switch
{
    "every-second" => await EverySecond.RunAsync(arguments),
    "herd" => await Herd.RunAsync(arguments),
    "herd-messages" => await HerdOfMessages.RunAsync(arguments),
    "deployment" => await Deployment.RunAsync(arguments),
    "rebuild" => await Rebuild.RunAsync(arguments),
    _ => null,
};
if (result is null)
{
    Console.Error.WriteLine($"There is no scenario '{arguments.Scenario}'.\n{Arguments.Usage}");
    return 2;
}

Console.WriteLine(await ResultFile.WriteAsync(arguments, result));
return result.Missing == 0 && result.Early == 0 ? 0 : 1;
