using System.Text;
using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

/// <summary>What every due index must do: entries and how they move on here; flights, slots and builds each in a file of their own.</summary>
public abstract partial class DueIndexContract
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
        Assert.Equal([Partition, Partition, 18], heard.Order()); // each channel message has a thread of its own: their order is not kept
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

    private static DueQuery Query(int limit) => new() { Now = Now, Limit = limit };

    private static DueEntry Entry(string key, long version, int seconds) => new(key, version, Now.AddSeconds(seconds), Encoding.UTF8.GetBytes($"payload {version}"));

    private static Flight Flight(string id, int seconds) => new(id, Now.AddSeconds(seconds), Encoding.UTF8.GetBytes($"execution {id}"));
}
