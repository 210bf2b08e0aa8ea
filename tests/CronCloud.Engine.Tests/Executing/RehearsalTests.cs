using CronCloud.Core.Due;
using CronCloud.Core.Outcomes;
using CronCloud.Engine.Executing;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Executing;

public sealed class RehearsalTests
{
    [Fact]
    public async Task An_attempt_is_rehearsed_from_its_plan_to_its_outcome_and_the_index_stays_as_it_is()
    {
        var index = new Backends.DueIndex.MemoryDueIndex();
        var entry = new DueEntry("t/a", 1, DateTimeOffset.UnixEpoch.AddDays(1), "job"u8.ToArray());
        await index.ArmAsync(0, [entry], Pipeline.None);
        await index.AdvanceAsync(0, [new Advance(entry, entry.Due.AddDays(1), new Flight("t/a@1#1", entry.Due, "flight"u8.ToArray()))], entry.Due, Pipeline.None);
        await index.LandAsync(0, [new Landing("t/a@2#1", null) { Succeeded = true }], entry.Due, Pipeline.None);

        var outcome = await new Rehearsal(index, TimeProvider.System, NullLogger<Rehearsal>.Instance).RunAsync();

        Assert.Equal((AttemptResult.Succeeded, 200, "ok"), (outcome!.Result, outcome.StatusCode, outcome.Output));
        Assert.Equal(entry.Due.AddDays(1), (await index.FindAsync(0, entry.Key, Pipeline.None))!.Due);
        Assert.Single(await index.ReadFlightsAsync(0, DateTimeOffset.MaxValue, 10, Pipeline.None));
        Assert.Equal([Landed.Over], await index.LandAsync(0, [new Landing("t/a@2#1", null)], entry.Due, Pipeline.None));
    }

    [Fact]
    public async Task What_cannot_be_rehearsed_keeps_nobody()
    {
        Assert.Null(await new Rehearsal(new FaultyIndex(new Backends.DueIndex.MemoryDueIndex()) { IsAway = true }, TimeProvider.System, NullLogger<Rehearsal>.Instance).RunAsync());
    }
}
