using CronCloud.Core.Jobs;
using CronCloud.Engine.Jobs;
using CronCloud.Simulation.Checking;
using CronCloud.Simulation.Nodes;
using CronCloud.Simulation.Twins;

namespace CronCloud.Simulation.Scenarios;

/// <summary>People and programs that create, change, trigger and delete jobs while everything else goes on. What they were answered goes into the ledger.</summary>
internal sealed class ApiClient(World world, Fleet fleet, Servers servers, Scenario scenario, Ledger ledger)
{
    /// <summary>Longer than the product's own limit. After it the outcome is unknown.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly JobMaker _maker = new(world, scenario);
    private readonly Dictionary<JobKey, JobDefinition> _asked = [];

    public void Start()
    {
        foreach (var key in scenario.Jobs.Distinct())
            world.Begin(() => LiveAsync(key));
    }

    private async Task LiveAsync(JobKey key)
    {
        await world.DelayAsync(world.Between(0.2, 4));
        await ChangeAsync(key, JobAction.Create);
        var changes = world.Random.Next(5);
        for (var i = 0; i < changes; i++)
        {
            await world.DelayAsync(world.Between(0.1, 9));
            if (world.Chance(0.4))
                await UntilDueAsync(key);
            if (world.Now >= scenario.HealAt)
                return;
            var next = world.Chance(0.15) ? RedriveAsync(key) : NextAsync(key);
            if (world.Chance(0.8))
                await next;
            else
                world.Begin(() => next);
        }
    }

    /// <summary>Changes are the hardest at the very moment at which the job is due.</summary>
    private async Task UntilDueAsync(JobKey key)
    {
        var next = Occurrences.Of(_asked[key].Schedule, world.Now, scenario.HealAt).FirstOrDefault();
        if (next != default)
            await world.DelayAsync(next - world.Now + world.Between(0, 0.012));
    }

    private Task NextAsync(JobKey key) => world.Random.Next(10) switch
    {
        < 4 => ChangeAsync(key, JobAction.Put),
        4 => ChangeAsync(key, JobAction.Pause),
        < 7 => ChangeAsync(key, JobAction.Resume),
        7 => ChangeAsync(key, JobAction.Delete),
        _ => TriggerAsync(key),
    };

    private Task ChangeAsync(JobKey key, JobAction action)
    {
        var definition = action is JobAction.Create or JobAction.Put ? _maker.Next(key) : null;
        if (definition is not null)
            _asked[key] = definition;
        var change = new ChangeJob { Tenant = key.Tenant, Id = key.Id, Action = action, Definition = definition, By = "client" };
        return AskAsync(ledger.AddOperation(key, action, definition), desk => desk.ChangeAsync(change));
    }

    private Task TriggerAsync(JobKey key) => AskAsync(ledger.AddOperation(key, null, null), desk => desk.TriggerAsync(new TriggerJob { Tenant = key.Tenant, Id = key.Id }));

    /// <summary>People look at the dead letters of a job and press the button.</summary>
    private async Task RedriveAsync(JobKey key)
    {
        var letter = servers.DeadLetters.Letters.FirstOrDefault(l => l.Execution.Job == key);
        if (letter is null || fleet.Living.FirstOrDefault(n => n.IsOpen) is not { } node)
            return;
        var ask = ledger.AddRedrive(letter.Execution.AttemptId);
        try
        {
            ask.Answer = await node.Redrive.OneAsync(key.Tenant, letter.Execution.ExecutionId, CancellationToken.None).WaitAsync(Patience, world.Time);
        }
        catch (Exception away) when (away is TimeoutException or IOException)
        {
            node.Process.Note($"a redrive has no answer: {away.Message}");
        }
    }

    /// <summary>A job's changes go to the node that has its actor; now and then to another that believes it has.</summary>
    private async Task AskAsync(Operation operation, Func<JobDesk, Task<JobReply>> ask)
    {
        if (fleet.Living.Where(n => n.IsOpen).ToList() is not { Count: > 0 } living)
        {
            ledger.Answer(operation, null);
            return;
        }

        var desk = (world.Chance(0.9) ? living[operation.Key.Partition % living.Count] : world.Pick(living)).Desk;
        try
        {
            ledger.Answer(operation, await ask(desk).WaitAsync(Patience, world.Time));
        }
        catch (TimeoutException)
        {
            ledger.Answer(operation, null);
        }
    }
}
