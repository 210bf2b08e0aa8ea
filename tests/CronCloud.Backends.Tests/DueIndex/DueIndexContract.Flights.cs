using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

/// <content>What is in flight, and how it lands.</content>
public abstract partial class DueIndexContract
{
    [Fact]
    public async Task A_landing_ends_the_flight_and_arms_the_retry_once()
    {
        var index = await OpenAsync();
        var entry = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [entry], None);
        await index.AdvanceAsync(Partition, [new Advance(entry, Now.AddSeconds(60), Flight("f", 90))], Now, None);
        var retry = Entry("t/a@1", 2, 10);

        await index.LandAsync(Partition, [new Landing("f", retry)], Now, None);
        Assert.Empty(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None));
        Assert.Equal(Now.AddSeconds(10), (await index.FindAsync(Partition, "t/a@1", None))!.Due);

        await index.AdvanceAsync(Partition, [new Advance(retry, null, null)], Now, None);
        await index.LandAsync(Partition, [new Landing("f", retry)], Now, None);
        Assert.True((await index.FindAsync(Partition, "t/a@1", None))!.IsTombstone);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_second_outcome_of_an_attempt_that_succeeded_revives_nothing(bool isLaterAttempt)
    {
        var index = await OpenAsync();
        var entry = isLaterAttempt ? Entry("t/a@1", 2, 0) : Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [entry], None);
        await index.AdvanceAsync(Partition, [new Advance(entry, isLaterAttempt ? null : Now.AddSeconds(60), Flight("f", 90))], Now, None);
        var before = await index.FindAsync(Partition, "t/a@1", None);
        var success = new Landing("f", null) { Succeeded = true };

        Assert.Equal([Landed.Live], await index.LandAsync(Partition, [success], Now, None));
        Assert.Equal([Landed.Over, Landed.Over, Landed.Live], await index.LandAsync(Partition, [new Landing("f", Entry("t/a@1", 3, 10)), new Landing("f", null), success], Now, None));
        Assert.Equal([Landed.Over], await index.LandAsync(Partition, [new Landing("f", Entry("t/a@1", 3, 10))], Now, None));
        var after = await index.FindAsync(Partition, "t/a@1", None);
        Assert.Equal((before?.Version, before?.IsTombstone), (after?.Version, after?.IsTombstone));
    }

    [Fact]
    public async Task A_second_outcome_of_an_attempt_that_is_tried_again_gives_nothing_up_and_may_succeed()
    {
        var index = await OpenAsync();
        var retry = Entry("t/a@1", 2, 10);
        var givenUp = new Landing("f", null);

        Assert.Equal([Landed.Live, Landed.Over, Landed.Live], await index.LandAsync(Partition, [new Landing("f", retry), givenUp, new Landing("f", retry)], Now, None));
        Assert.Equal([Landed.Over], await index.LandAsync(Partition, [givenUp], Now, None));
        Assert.Equal([Landed.Live, Landed.Over], await index.LandAsync(Partition, [new Landing("f", null) { Succeeded = true }, givenUp], Now, None));
    }

    [Fact]
    public async Task A_second_outcome_of_an_attempt_that_failed_for_good_is_not_tried_again_and_may_succeed()
    {
        var index = await OpenAsync();
        var (failed, putOff, success) = (new Landing("f", null) { FailedForGood = true }, new Landing("f", Entry("t/a@1", 2, 10)), new Landing("f", null) { Succeeded = true });

        Assert.Equal([Landed.Live, Landed.Over, Landed.Live, Landed.Over], await index.LandAsync(Partition, [failed, putOff, failed, putOff], Now, None));
        Assert.Null(await index.FindAsync(Partition, "t/a@1", None));
        Assert.Equal([Landed.Live, Landed.Over], await index.LandAsync(Partition, [success, putOff], Now, None));
        Assert.Null(await index.FindAsync(Partition, "t/a@1", None));
    }

    /// <summary>Two workers ran it: one put it off or failed, and the other succeeded. A batch of one such, or of one among others.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_success_takes_back_the_next_attempt_that_waits(bool amongOthers)
    {
        var index = await OpenAsync();
        await index.LandAsync(Partition, [new Landing("t/a@1#1", Entry("t/a@1", 2, 10))], Now, None);
        var success = new Landing("t/a@1#1", null) { Succeeded = true };
        Landing[] batch = amongOthers ? [success, new Landing("t/b@1#1", Entry("t/b@1", 2, 10)), new Landing("t/c@1#1", null) { Succeeded = true }] : [success];

        Assert.Equal(amongOthers ? [Landed.TookRetryBack, Landed.Live, Landed.Live] : [Landed.TookRetryBack], await index.LandAsync(Partition, batch, Now, None));
        Assert.Equal([Landed.Live], await index.LandAsync(Partition, [success], Now, None));
        var (later, other) = (await index.FindAsync(Partition, "t/a@1", None), await index.FindAsync(Partition, "t/b@1", None));
        Assert.Equal((2L, true), (later!.Version, later.IsTombstone));
        Assert.Equal(amongOthers ? false : null, other?.IsTombstone);
    }

    [Fact]
    public async Task A_success_takes_back_no_next_attempt_that_is_in_flight()
    {
        var index = await OpenAsync();
        var retry = Entry("t/a@1", 2, 0);
        await index.LandAsync(Partition, [new Landing("t/a@1#1", retry)], Now, None);
        await index.AdvanceAsync(Partition, [new Advance(retry, null, Flight("t/a@1#2", 90))], Now, None);

        Assert.Equal([Landed.Live], await index.LandAsync(Partition, [new Landing("t/a@1#1", null) { Succeeded = true }], Now, None));
        Assert.Equal("t/a@1#2", Assert.Single(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None)).Id);
    }

    /// <summary>A node whose clock is ahead by less than the guard allows may have published it, and not advanced yet.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_success_takes_back_no_next_attempt_that_may_be_on_the_queue(int dueIn)
    {
        var index = await OpenAsync();
        var retry = Entry("t/a@1", 2, dueIn);
        await index.LandAsync(Partition, [new Landing("t/a@1#1", retry)], Now, None);

        Assert.Equal([Landed.Live], await index.LandAsync(Partition, [new Landing("t/a@1#1", null) { Succeeded = true }], Now, None));

        Assert.Equal([true], await index.AdvanceAsync(Partition, [new Advance(retry, null, Flight("t/a@1#2", 90))], Now, None));
        Assert.Equal("t/a@1#2", Assert.Single(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None)).Id);
    }

    /// <summary>Its own; one after the next, since that was made; and a redrive, which is a left-over and wanted.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public async Task A_success_takes_back_no_other_attempt(int waiting, bool isRedrive)
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/a@1", waiting, 10) with { Until = isRedrive ? Now.AddDays(1) : null }], None);

        Assert.Equal([Landed.Live], await index.LandAsync(Partition, [new Landing("t/a@1#1", null) { Succeeded = true }], Now, None));

        Assert.False((await index.FindAsync(Partition, "t/a@1", None))!.IsTombstone);
    }

    [Fact]
    public async Task An_attempt_that_was_given_up_is_settled_again_as_often_as_it_is_told()
    {
        var index = await OpenAsync();

        Assert.Equal([Landed.Live, Landed.Live], await index.LandAsync(Partition, [new Landing("f", null), new Landing("f", null)], Now, None));
    }

    [Fact]
    public async Task An_outcome_that_is_quicker_than_the_advance_leaves_no_flight_behind()
    {
        var index = await OpenAsync();
        var entry = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [entry], None);

        await index.LandAsync(Partition, [new Landing("f", null)], Now, None);
        await index.AdvanceAsync(Partition, [new Advance(entry, Now.AddSeconds(60), Flight("f", 90))], Now, None);

        Assert.Empty(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None));
        Assert.Equal(Now.AddSeconds(60), (await index.FindAsync(Partition, "t/a", None))!.Due);
    }

    [Fact]
    public async Task Flights_are_read_up_to_a_deadline_and_extended_by_one_only()
    {
        var index = await OpenAsync();
        var (a, b) = (Entry("t/a", 1, 0), Entry("t/b", 1, 0));
        await index.ArmAsync(Partition, [a, b], None);
        await index.AdvanceAsync(Partition, [new Advance(a, null, Flight("fa", 10)), new Advance(b, null, Flight("fb", 20))], Now, None);

        var overdue = Assert.Single(await index.ReadFlightsAsync(Partition, Now.AddSeconds(15), 10, None));
        Assert.Equal("fa", overdue.Id);
        Assert.Equal([false, true], await index.ExtendFlightsAsync(Partition, [new Extension(Flight("fb", 15), Flight("fb", 45)), new Extension(overdue, Flight("fa", 40))], None));
        Assert.Equal([false], await index.ExtendFlightsAsync(Partition, [new Extension(overdue, Flight("fa", 50))], None));
        Assert.Equal([("fb", Now.AddSeconds(20)), ("fa", Now.AddSeconds(40))], (await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None)).Select(flight => (flight.Id, flight.Deadline)));
    }

    [Fact]
    public async Task A_flight_is_found_by_its_id_until_it_lands()
    {
        var index = await OpenAsync();
        var entry = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [entry], None);
        await index.AdvanceAsync(Partition, [new Advance(entry, null, Flight("f", 10))], Now, None);

        Assert.Equal(Flight("f", 10).Payload.ToArray(), (await index.FindFlightAsync(Partition, "f", None))!.Value.ToArray());
        Assert.Null(await index.FindFlightAsync(Partition + 1, "f", None));
        await index.LandAsync(Partition, [new Landing("f", null)], Now, None);
        Assert.Null(await index.FindFlightAsync(Partition, "f", None));
    }
}
