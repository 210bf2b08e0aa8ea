using System.Text;
using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

/// <summary>What every due index must do.</summary>
public abstract class DueIndexContract
{
    private const int Partition = 17;
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract Task<IDueIndex> OpenAsync();

    [Fact]
    public async Task A_scan_finds_what_is_due_soonest_first_and_tells_when_the_next_is()
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/c", 1, 5), Entry("t/a", 1, -2), Entry("t/b", 1, 0)], None);

        var scan = await index.ScanAsync(Partition, Query(10), None);

        Assert.Equal(["t/a", "t/b"], scan.Entries.Select(e => e.Key));
        Assert.Equal("payload 1", Encoding.UTF8.GetString(scan.Entries[0].Payload.Span));
        Assert.Equal(1, scan.Entries[0].Version);
        Assert.Equal(Now.AddSeconds(-2), scan.Entries[0].Due);
        Assert.Equal(Now.AddSeconds(5), scan.NextDue);
    }

    [Fact]
    public async Task A_full_scan_is_due_again_at_once()
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/a", 1, -3), Entry("t/b", 1, -2), Entry("t/c", 1, -1)], None);

        var scan = await index.ScanAsync(Partition, Query(2), None);

        Assert.Equal(2, scan.Entries.Count);
        Assert.True(scan.IsFull);
    }

    [Fact]
    public async Task An_empty_partition_has_nothing_due_and_nothing_next()
    {
        var index = await OpenAsync();

        var scan = await index.ScanAsync(3, Query(10), None);

        Assert.Empty(scan.Entries);
        Assert.Null(scan.NextDue);
    }

    [Fact]
    public async Task Partitions_do_not_see_each_other()
    {
        var index = await OpenAsync();
        await index.ArmAsync(1, [Entry("t/a", 1, 0)], None);

        Assert.Empty((await index.ScanAsync(2, Query(10), None)).Entries);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 5)]
    [InlineData(3, 0)]
    public async Task An_older_or_the_same_version_never_overwrites_a_newer_one(long second, int dueExpected)
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/a", 2, 5)], None);

        await index.ArmAsync(Partition, [Entry("t/a", second, 0)], None);

        var entry = await index.FindAsync(Partition, "t/a", None);
        Assert.Equal(Now.AddSeconds(dueExpected), entry!.Due);
        Assert.Equal(Math.Max(2, second), entry.Version);
    }

    [Fact]
    public async Task An_advance_moves_the_entry_on_and_marks_the_flight()
    {
        var index = await OpenAsync();
        var entry = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [entry], None);

        var moved = await index.AdvanceAsync(Partition, [new Advance(entry, Now.AddSeconds(60), Flight("t/a@1#1", 90))], Now, None);

        Assert.Equal([true], moved);
        Assert.Equal(Now.AddSeconds(60), (await index.FindAsync(Partition, "t/a", None))!.Due);
        var flight = Assert.Single(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None));
        Assert.Equal(("t/a@1#1", Now.AddSeconds(90)), (flight.Id, flight.Deadline));
        Assert.Equal("execution t/a@1#1", Encoding.UTF8.GetString(flight.Payload.Span));
    }

    [Fact]
    public async Task An_advance_happens_once()
    {
        var index = await OpenAsync();
        var entry = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [entry], None);
        await index.AdvanceAsync(Partition, [new Advance(entry, Now.AddSeconds(60), Flight("f", 90))], Now, None);
        await index.LandAsync(Partition, [new Landing("f", null)], Now, None);

        var again = await index.AdvanceAsync(Partition, [new Advance(entry, Now.AddSeconds(60), Flight("f", 90))], Now, None);

        Assert.Equal([false], again);
        Assert.Empty(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None));
    }

    [Fact]
    public async Task An_advance_leaves_an_edit_alone_but_remembers_what_was_published()
    {
        var index = await OpenAsync();
        var seen = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [seen], None);
        await index.ArmAsync(Partition, [Entry("t/a", 2, 30)], None);

        var moved = await index.AdvanceAsync(Partition, [new Advance(seen, Now.AddSeconds(60), Flight("f", 90))], Now, None);

        Assert.Equal([false], moved);
        Assert.Equal((2L, Now.AddSeconds(30)), ((await index.FindAsync(Partition, "t/a", None))!.Version, (await index.FindAsync(Partition, "t/a", None))!.Due));
        Assert.Single(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None));
    }

    [Fact]
    public async Task An_entry_that_is_never_due_again_leaves_a_tombstone_which_then_goes()
    {
        var index = await OpenAsync();
        var entry = Entry("t/a", 4, 0);
        await index.ArmAsync(Partition, [entry], None);

        await index.AdvanceAsync(Partition, [new Advance(entry, null, null)], Now, None);
        await index.ArmAsync(Partition, [Entry("t/a", 4, 0)], None);
        var tombstone = (await index.FindAsync(Partition, "t/a", None))!;
        Assert.True(tombstone.IsTombstone);
        Assert.Equal(Now + DueEntry.TombstoneLife, tombstone.Due);

        await index.AdvanceAsync(Partition, [new Advance(tombstone, null, null)], Now, None);
        Assert.Null(await index.FindAsync(Partition, "t/a", None));
    }

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

    [Fact]
    public async Task A_second_outcome_of_an_attempt_that_ended_its_execution_revives_nothing()
    {
        var index = await OpenAsync();
        var entry = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [entry], None);
        await index.AdvanceAsync(Partition, [new Advance(entry, Now.AddSeconds(60), Flight("f", 90))], Now, None);
        var retry = new Landing("f", Entry("t/a@1", 2, 10));

        Assert.Equal([true], await index.LandAsync(Partition, [new Landing("f", null)], Now, None));
        Assert.Equal([false], await index.LandAsync(Partition, [retry], Now, None));
        Assert.Equal([false], await index.LandAsync(Partition, [retry], Now, None));
        Assert.Null(await index.FindAsync(Partition, "t/a@1", None));
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
        Assert.True(await index.ExtendFlightAsync(Partition, overdue, Flight("fa", 40), None));
        Assert.False(await index.ExtendFlightAsync(Partition, overdue, Flight("fa", 50), None));
        Assert.Empty(await index.ReadFlightsAsync(Partition, Now.AddSeconds(15), 10, None));
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

    [Fact]
    public async Task An_earlier_entry_wakes_its_partition_and_a_later_one_does_not()
    {
        var index = await OpenAsync();
        var woken = System.Threading.Channels.Channel.CreateUnbounded<int>();
        index.Woken += partition => woken.Writer.TryWrite(partition);

        await index.ArmAsync(Partition, [Entry("t/a", 1, 50)], None);
        await index.ArmAsync(Partition, [Entry("t/b", 1, 60)], None);
        await index.ArmAsync(18, [Entry("t/c", 1, 70)], None);
        await index.ArmAsync(Partition, [Entry("t/d", 1, 40)], None);

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        var heard = new List<int> { await woken.Reader.ReadAsync(limit.Token), await woken.Reader.ReadAsync(limit.Token), await woken.Reader.ReadAsync(limit.Token) };
        Assert.Equal([Partition, 18, Partition], heard);
    }

    [Fact]
    public async Task A_partition_counts_as_built_when_the_last_build_ended()
    {
        var index = await OpenAsync();

        Assert.False((await index.ScanAsync(Partition, Query(10), None)).IsBuilt);
        var (abandoned, last) = (await index.BeginBuildAsync(Partition, None), await index.BeginBuildAsync(Partition, None));
        await index.ArmAsync(Partition, [Entry("t/a", 1, 0)], None);
        Assert.False(await index.EndBuildAsync(Partition, abandoned, "server", None));
        Assert.False((await index.ScanAsync(Partition, Query(10), None)).IsBuilt);
        Assert.True(await index.EndBuildAsync(Partition, last, "server", None));

        var scan = await index.ScanAsync(Partition, Query(10), None);
        Assert.True(scan.IsBuilt);
        Assert.Equal("server", scan.Incarnation);
        Assert.False((await index.ScanAsync(Partition + 1, Query(10), None)).IsBuilt);
        await index.BeginBuildAsync(Partition, None);
        Assert.False((await index.ScanAsync(Partition, Query(10), None)).IsBuilt);
    }

    [Fact]
    public async Task An_incarnation_stays_the_same_while_the_index_lives()
    {
        var index = await OpenAsync();

        var incarnation = await index.ReadIncarnationAsync(None);

        Assert.NotEmpty(incarnation);
        Assert.Equal(incarnation, await index.ReadIncarnationAsync(None));
    }

    [Fact]
    public async Task A_built_partition_stays_built_through_every_step()
    {
        var index = await OpenAsync();
        await index.EndBuildAsync(Partition, await index.BeginBuildAsync(Partition, None), "server", None);
        var entry = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [entry, Entry("t/b", 1, 0)], None);
        await index.ArmAsync(Partition, [Entry("t/b", 2, 5) with { Since = Now }], None);
        await index.AdvanceAsync(Partition, [new Advance(entry, Now.AddSeconds(60), Flight("f", 90)) { LeftOver = entry.LeftOver(Now) }], Now, None);
        await index.LandAsync(Partition, [new Landing("f", Entry("t/a@1", 2, 10))], Now, None);
        await index.AdvanceAsync(Partition, [new Advance(entry.LeftOver(Now), null, null), new Advance(Entry("t/a@1", 2, 10), null, null)], Now, None);
        await index.RemoveAsync(Partition, (await index.ListAsync(Partition, null, 100, None)).Items.Where(s => s.Key == "t/b").ToList(), None);

        Assert.True((await index.ScanAsync(Partition, Query(10), None)).IsBuilt);
    }

    [Fact]
    public async Task A_scan_tells_how_far_an_owner_had_come_before_it()
    {
        var index = await OpenAsync();
        await index.EndBuildAsync(Partition, await index.BeginBuildAsync(Partition, None), "server", None);

        Assert.True((await index.ScanAsync(Partition, Query(10) with { Reached = Now }, None)).Reached is null || (await index.ScanAsync(Partition, Query(10), None)).Reached == Now);
        await index.ScanAsync(Partition, Query(10) with { Reached = Now.AddSeconds(-5) }, None);
        Assert.Equal(Now, (await index.ScanAsync(Partition, Query(10), None)).Reached);
    }

    [Fact]
    public async Task What_is_due_now_comes_before_what_is_overdue_and_left_overs_have_a_limit_of_their_own()
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/old", 1, -100), Entry("t/older", 1, -200), Entry("t/now", 1, -1), Entry("t/left~1@1", 1, -300) with { Until = Now }, Entry("t/left~1@2", 1, -250) with { Until = Now }], None);

        var scan = await index.ScanAsync(Partition, Query(2) with { OverdueBefore = Now.AddSeconds(-30), LeftOverLimit = 1 }, None);

        Assert.Equal(["t/now", "t/older"], scan.Entries.Select(e => e.Key));
        var leftOver = Assert.Single(scan.LeftOvers);
        Assert.Equal(("t/left~1@1", Now.AddSeconds(-300), Now), (leftOver.Key, leftOver.Due, leftOver.Until));
        Assert.True(scan.IsFull);
        Assert.True(scan.HasMoreLeftOvers);
        Assert.Equal(Now.AddSeconds(-300), scan.Oldest);
    }

    [Fact]
    public async Task An_edit_leaves_over_what_was_due_before_it()
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/due", 1, -2), Entry("t/later", 1, 5)], None);

        await index.ArmAsync(Partition, [Entry("t/due", 2, 30) with { Since = Now }, Entry("t/later", 2, 30) with { Since = Now }], None);

        var scan = await index.ScanAsync(Partition, Query(10) with { LeftOverLimit = 10 }, None);
        var left = Assert.Single(scan.LeftOvers);
        Assert.Equal((1L, Now.AddSeconds(-2), Now, "payload 1"), (left.Version, left.Due, left.Until, Encoding.UTF8.GetString(left.Payload.Span)));
        Assert.Equal(Entry("t/due", 1, -2).LeftOver(Now).Key, left.Key);
        Assert.Equal([true], await index.AdvanceAsync(Partition, [new Advance(left, null, null)], Now, None));
        Assert.Null(await index.FindAsync(Partition, left.Key, None));
    }

    [Fact]
    public async Task An_advance_leaves_a_part_behind_in_the_same_step()
    {
        var index = await OpenAsync();
        var entry = Entry("t/a", 3, -100);
        await index.ArmAsync(Partition, [entry], None);

        await index.AdvanceAsync(Partition, [new Advance(entry, Now.AddSeconds(1), null) { LeftOver = entry.LeftOver(Now.AddSeconds(-30)) }], Now, None);

        var left = Assert.Single((await index.ScanAsync(Partition, Query(10) with { LeftOverLimit = 10 }, None)).LeftOvers);
        Assert.Equal((3L, Now.AddSeconds(-100), Now.AddSeconds(-30), "payload 3"), (left.Version, left.Due, left.Until, Encoding.UTF8.GetString(left.Payload.Span)));
        Assert.Equal(Now.AddSeconds(1), (await index.FindAsync(Partition, "t/a", None))!.Due);
    }

    [Theory]
    [InlineData(true, 60)]
    [InlineData(false, 5)]
    public async Task A_build_moves_the_same_version_forward_and_nothing_else_does(bool raises, int dueExpected)
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/a", 1, 5)], None);

        await index.ArmAsync(Partition, [Entry("t/a", 1, 60) with { Raises = raises }], None);
        await index.ArmAsync(Partition, [Entry("t/a", 1, 1) with { Raises = raises }], None);

        Assert.Equal(Now.AddSeconds(dueExpected), (await index.FindAsync(Partition, "t/a", None))!.Due);
    }

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
    [InlineData(5, true)]
    [InlineData(60, false)]
    public async Task What_an_edit_left_over_of_an_entry_that_was_being_dispatched_moves_on_in_its_place(int nextSeconds, bool isLeft)
    {
        var index = await OpenAsync();
        var seen = Entry("t/a", 1, 0);
        await index.ArmAsync(Partition, [seen], None);
        await index.ArmAsync(Partition, [Entry("t/a", 2, 90) with { Since = Now.AddSeconds(10) }], None);

        await index.AdvanceAsync(Partition, [new Advance(seen, Now.AddSeconds(nextSeconds), new Flight("t/a@1#1", Now.AddSeconds(70), new byte[] { 1 }))], Now, None);

        var leftOvers = (await index.ScanAsync(Partition, Query(10) with { LeftOverLimit = 10 }, None)).LeftOvers;
        Assert.Equal(isLeft ? [Now.AddSeconds(nextSeconds)] : [], leftOvers.Select(e => e.Due));
        Assert.Single(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None));
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

    [Fact]
    public async Task Stamps_tell_versions_and_due_times_and_a_list_has_them_all()
    {
        var index = await OpenAsync();
        var entries = Enumerable.Range(0, 50).Select(i => Entry($"t/{i}", i + 1, i)).Append(Entry("t/left~1@1", 1, -5) with { Until = Now }).ToList();
        await index.ArmAsync(Partition, entries, None);
        await index.AdvanceAsync(Partition, [new Advance(entries[7], null, null)], Now, None);

        var stamps = await index.StampAsync(Partition, ["t/3", "t/7", "t/none", "t/left~1@1"], None);
        Assert.Equal(new DueStamp("t/3", 4, Now.AddSeconds(3), false, false), stamps["t/3"]);
        Assert.Equal(new DueStamp("t/7", 8, Now + DueEntry.TombstoneLife, true, false), stamps["t/7"]);
        Assert.Equal(new DueStamp("t/left~1@1", 1, Now.AddSeconds(-5), false, true), stamps["t/left~1@1"]);
        Assert.Equal(3, stamps.Count);

        var listed = new HashSet<string>();
        string? cursor = null;
        do
        {
            var page = await index.ListAsync(Partition, cursor, 10, None);
            listed.UnionWith(page.Items.Select(s => s.Key));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(entries.Select(e => e.Key).Order(), listed.Order());
    }

    [Fact]
    public async Task An_entry_is_taken_out_only_as_it_was_seen()
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/a", 1, 0), Entry("t/left~1@1", 1, -5) with { Until = Now }], None);
        var stamps = await index.StampAsync(Partition, ["t/a", "t/left~1@1"], None);
        await index.ArmAsync(Partition, [Entry("t/a", 2, 0)], None);

        Assert.Equal(1, await index.RemoveAsync(Partition, [.. stamps.Values], None));
        Assert.NotNull(await index.FindAsync(Partition, "t/a", None));
        Assert.Null(await index.FindAsync(Partition, "t/left~1@1", None));
    }

    private static DueQuery Query(int limit) => new() { Now = Now, Limit = limit };

    private static DueEntry Entry(string key, long version, int seconds) => new(key, version, Now.AddSeconds(seconds), Encoding.UTF8.GetBytes($"payload {version}"));

    private static Flight Flight(string id, int seconds) => new(id, Now.AddSeconds(seconds), Encoding.UTF8.GetBytes($"execution {id}"));
}
