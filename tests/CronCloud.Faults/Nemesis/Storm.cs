using CronCloud.Faults.Checking;
using CronCloud.Faults.Running;

namespace CronCloud.Faults.Nemesis;

/// <summary>Fault after fault, chosen by a seed: apply, heal, wait, check. Row 36.</summary>
public sealed class Storm(FaultCluster cluster, Traps traps, int seed, Action<string> say)
{
    private const int HerdSize = 100;
    private const int MaxTraps = 8;

    private readonly Random _random = new(seed);
    private readonly Queue<(Fault Fault, Moment Moment)> _next = [];
    private int _herds;

    /// <summary>For so long, whatever comes.</summary>
    public async Task<IReadOnlyList<StormResult>> RunAsync(TimeSpan duration)
    {
        var end = cluster.Now + duration;
        var results = new List<StormResult>();
        while (cluster.Now < end)
        {
            var (fault, moment) = Next();
            results.Add(await ApplyAsync(fault, moment));
        }

        return results;
    }

    /// <summary>Each of the faults at each of its moments so many times, one after another.</summary>
    public async Task<IReadOnlyList<StormResult>> RepeatAsync(IReadOnlyList<Fault> faults, int times)
    {
        var results = new List<StormResult>();
        for (var time = 0; time < times; time++)
        {
            foreach (var (fault, moment) in Moments(faults))
                results.Add(await ApplyAsync(fault, moment));
        }

        return results;
    }

    private static (Fault Fault, Moment Moment)[] Moments(IEnumerable<Fault> faults) => [.. faults.SelectMany(f => f.Moments.Select(m => (f, m)))];

    /// <summary>Every fault at every moment once, in an order of chance, and then again in another.</summary>
    private (Fault Fault, Moment Moment) Next()
    {
        if (_next.Count == 0)
        {
            var all = Moments(FaultMatrix.All);
            _random.Shuffle(all);
            foreach (var one in all)
                _next.Enqueue(one);
        }

        return _next.Dequeue();
    }

    private async Task<StormResult> ApplyAsync(Fault fault, Moment moment)
    {
        await cluster.ReviveAsync();
        var from = cluster.Now;
        await WaitForAsync(fault, moment);
        var bound = await fault.ApplyAsync(cluster, _random);
        await cluster.ForAsync(1);
        await cluster.ReviveAsync();
        cluster.End(bound);
        var report = await cluster.CheckAsync(from);
        say($"{fault.Number,2} {fault.Name}, {moment}: {report}");
        foreach (var violation in report.Violations.Take(10))
            say($"   {violation} [{cluster.Near(violation)}]");
        return new StormResult(fault, moment, report);
    }

    /// <summary>The fault's window is open when this returns.</summary>
    private async Task WaitForAsync(Fault fault, Moment moment)
    {
        if (moment == Moment.Step)
        {
            cluster.Begin(fault.Name, fault.MayRepeat, fault.KeepsFromTarget);
            await SpringAsync(fault);
            return;
        }

        var due = await HerdAsync("herd");
        await cluster.UntilAsync(moment == Moment.Herd ? due.AddMilliseconds(5) : due.AddMilliseconds(-_random.Next(1, 1_000)));
        cluster.Begin(fault.Name, fault.MayRepeat, fault.KeepsFromTarget);
    }

    private async Task SpringAsync(Fault fault)
    {
        for (var round = 0; round < MaxTraps; round++)
        {
            await cluster.UntilAsync(await HerdAsync(traps.NameOf(fault.Trap!)));
            for (var looks = 0; looks < 20 && !fault.IsSprung(cluster); looks++)
                await cluster.ForAsync(0.05);
            if (fault.IsSprung(cluster))
                return;
        }

        throw new InvalidOperationException($"No execution of {fault.Trap} came to the node that has the pause point.");
    }

    private async Task<DateTimeOffset> HerdAsync(string name)
    {
        while (true)
        {
            var due = cluster.WholeSecond(3);
            await cluster.Client.PutAllAsync(Load.Herd($"{name}-{_herds++}", HerdSize, due));
            if (cluster.Now < due.AddMilliseconds(-200))
                return due;
        }
    }
}

/// <summary>What one fault at one moment came to.</summary>
public sealed record StormResult(Fault Fault, Moment Moment, CheckReport Report);
