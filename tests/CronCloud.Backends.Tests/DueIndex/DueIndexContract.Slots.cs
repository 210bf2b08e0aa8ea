using System.Text;
using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

/// <content>The one place of jobs whose executions must not overlap.</content>
public abstract partial class DueIndexContract
{
    [Fact]
    public async Task A_slot_is_not_claimed_for_an_entry_that_has_moved_on_since_it_was_seen()
    {
        var index = await OpenAsync();
        var seen = new DueEntry("t/job", 1, Now, "x"u8.ToArray());
        var claim = new SlotClaim("t/job", "t/job@1") { Seen = seen };
        Assert.Equal([SlotState.Gone], await index.ClaimAsync(Partition, [claim], None));
        await index.ArmAsync(Partition, [seen with { Due = Now.AddSeconds(1) }], None);
        Assert.Equal([SlotState.Gone], await index.ClaimAsync(Partition, [claim], None));
        Assert.Equal([SlotState.Gone], await index.ClaimAsync(Partition, [claim with { Seen = seen with { Due = Now.AddSeconds(1), Version = 2 } }], None));
        Assert.Empty(await index.ReadSlotsAsync(Partition, None));

        Assert.Equal([SlotState.Taken], await index.ClaimAsync(Partition, [claim with { Seen = seen with { Due = Now.AddSeconds(1) } }], None));
    }

    [Fact]
    public async Task A_slot_is_not_claimed_for_an_attempt_whose_outcome_is_settled()
    {
        var index = await OpenAsync();
        var seen = Entry("t/a@1", 2, 0);
        await index.ArmAsync(Partition, [seen], None);
        await index.LandAsync(Partition, [new Landing("t/a@1#2", null)], Now, None);
        var claim = new SlotClaim("t/a", "t/a@1") { Seen = seen };

        Assert.Equal([SlotState.Landed], await index.ClaimAsync(Partition, [claim with { AttemptId = "t/a@1#2" }], None));
        Assert.Empty(await index.ReadSlotsAsync(Partition, None));
        Assert.Equal([SlotState.Gone], await index.ClaimAsync(Partition, [claim with { AttemptId = "t/a@1#2", Seen = seen with { Version = 1 } }], None));
        Assert.Equal([SlotState.Taken], await index.ClaimAsync(Partition, [claim with { AttemptId = "t/a@1#3" }], None));
        Assert.Equal([SlotState.Landed], await index.ClaimAsync(Partition, [claim with { AttemptId = "t/a@1#2" }], None));
    }

    [Fact]
    public async Task A_slot_belongs_to_one_execution_until_it_lands_for_good()
    {
        var index = await OpenAsync();
        var (one, two) = (new SlotClaim("t/a", "t/a@1"), new SlotClaim("t/a", "t/a@2"));

        Assert.Equal([SlotState.Taken, SlotState.Busy], await index.ClaimAsync(Partition, [one, two], None));
        Assert.Equal([SlotState.Taken], await index.ClaimAsync(Partition, [one], None));
        Assert.Equal([one], await index.ReadSlotsAsync(Partition, None));
        await index.LandAsync(Partition, [new Landing(null, null) { Frees = two }], Now, None);
        Assert.Equal([SlotState.Busy], await index.ClaimAsync(Partition, [two], None));
        await index.LandAsync(Partition, [new Landing(null, null) { Frees = one }], Now, None);
        Assert.Equal([SlotState.Taken], await index.ClaimAsync(Partition, [two], None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_slot_that_is_claimed_again_for_an_execution_that_is_over_is_freed_and_one_that_goes_on_keeps_it(bool goesOn)
    {
        var index = await OpenAsync();
        var (job, slot) = (Entry("t/a", 1, 0), new SlotClaim("t/a", "t/a@1"));
        await index.ArmAsync(Partition, [job], None);
        await index.LandAsync(Partition, [new Landing("t/a@1#1", goesOn ? Entry("t/a@1", 2, 5) : null)], Now, None);

        Assert.Equal([SlotState.Taken], await index.ClaimAsync(Partition, [slot], None));
        await index.AdvanceAsync(Partition, [new Advance(job, Now.AddSeconds(60), new Flight("t/a@1#1", Now, new byte[] { 1 })) { Slot = slot }], Now, None);

        Assert.Empty(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None));
        Assert.Equal(goesOn ? [slot] : [], await index.ReadSlotsAsync(Partition, None));
    }

    /// <summary>A fault made the first attempt twice: one worker put it off, and the other made it. What is due may be on the queue already.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_slot_stays_with_an_execution_whose_next_attempt_is_due_or_in_flight(bool isInFlight)
    {
        var index = await OpenAsync();
        var (slot, next) = (new SlotClaim("t/a", "t/a@1"), Entry("t/a@1", 2, 0));
        await index.ClaimAsync(Partition, [slot], None);
        await index.LandAsync(Partition, [new Landing("t/a@1#1", next)], Now, None);
        if (isInFlight)
            await index.AdvanceAsync(Partition, [new Advance(next, null, new Flight("t/a@1#2", Now, new byte[] { 1 })) { Slot = slot }], Now, None);

        await index.LandAsync(Partition, [new Landing("t/a@1#1", null) { Succeeded = true, Frees = slot }], Now, None);
        Assert.Equal([slot], await index.ReadSlotsAsync(Partition, None));

        await index.LandAsync(Partition, [new Landing("t/a@1#2", null) { Succeeded = true, Frees = slot }], Now, None);
        Assert.Empty(await index.ReadSlotsAsync(Partition, None));
    }

    [Fact]
    public async Task A_slot_is_freed_by_a_success_that_takes_the_next_attempt_back()
    {
        var index = await OpenAsync();
        var slot = new SlotClaim("t/a", "t/a@1");
        await index.ClaimAsync(Partition, [slot], None);
        await index.LandAsync(Partition, [new Landing("t/a@1#1", Entry("t/a@1", 2, 10))], Now, None);

        Assert.Equal([Landed.TookRetryBack], await index.LandAsync(Partition, [new Landing("t/a@1#1", null) { Succeeded = true, Frees = slot }], Now, None));

        Assert.Empty(await index.ReadSlotsAsync(Partition, None));
    }

    [Fact]
    public async Task A_slot_stays_with_an_execution_whose_next_attempt_waits_when_another_run_is_given_up()
    {
        var index = await OpenAsync();
        var slot = new SlotClaim("t/a", "t/a@1");
        await index.ClaimAsync(Partition, [slot], None);
        await index.LandAsync(Partition, [new Landing("t/a@1#1", Entry("t/a@1", 2, 0))], Now, None);

        await index.LandAsync(Partition, [new Landing("t/a@1#1", null) { FailedForGood = true, Frees = slot }], Now, None);

        Assert.Equal([slot], await index.ReadSlotsAsync(Partition, None));
    }

    [Fact]
    public async Task Who_waits_for_a_slot_is_due_when_it_is_free_and_one_waits_only()
    {
        var index = await OpenAsync();
        var job = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [job], None);
        var (running, waiting, third) = (new SlotClaim("t/a", "t/a@1"), new SlotClaim("t/a", "t/a@2"), new SlotClaim("t/a", "t/a@3"));
        await index.ClaimAsync(Partition, [running], None);
        await index.AdvanceAsync(Partition, [new Advance(job, Now.AddSeconds(60), null) { Park = new Parking(waiting, Entry("t/a@2", 1, 0)) }], Now, None);

        Assert.Equal([SlotState.Busy, SlotState.Full], await index.ClaimAsync(Partition, [waiting, third], None));
        Assert.NotNull(await index.FindAsync(Partition, "t/a@2", None));
        Assert.Empty((await index.ScanAsync(Partition, Query(10), None)).Entries);
        await index.LandAsync(Partition, [new Landing("f", null) { Frees = running }], Now, None);

        var due = Assert.Single((await index.ScanAsync(Partition, Query(10), None)).Entries);
        Assert.Equal(("t/a@2", Now, "payload 1"), (due.Key, due.Due, Encoding.UTF8.GetString(due.Payload.Span)));
        Assert.Equal([SlotState.Taken], await index.ClaimAsync(Partition, [waiting], None));
    }

    [Fact]
    public async Task Who_would_wait_for_a_slot_that_is_free_by_now_is_due_at_once()
    {
        var index = await OpenAsync();
        var job = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [job], None);

        await index.AdvanceAsync(Partition, [new Advance(job, Now.AddSeconds(60), null) { Park = new Parking(new SlotClaim("t/a", "t/a@2"), Entry("t/a@2", 1, 0)) }], Now, None);

        Assert.Equal("t/a@2", Assert.Single((await index.ScanAsync(Partition, Query(10), None)).Entries).Key);
    }
}
