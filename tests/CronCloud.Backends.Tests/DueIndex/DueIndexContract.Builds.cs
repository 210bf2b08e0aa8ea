using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

/// <content>How an index tells that it is whole, and is compared with the record.</content>
public abstract partial class DueIndexContract
{
    [Fact]
    public async Task A_partition_counts_as_built_when_the_last_build_ended()
    {
        var index = await OpenAsync();

        Assert.False((await index.ScanAsync(Partition, Query(10), None)).IsBuilt);
        var (abandoned, last) = (await index.BeginBuildAsync(Partition, None), await index.BeginBuildAsync(Partition, None));
        await index.ArmAsync(Partition, [Entry("t/a", 1, 0)], None);
        var server = await index.ReadIncarnationAsync(None);
        Assert.False(await index.EndBuildAsync(Partition, abandoned, server, None));
        Assert.False((await index.ScanAsync(Partition, Query(10), None)).IsBuilt);
        Assert.True(await index.EndBuildAsync(Partition, last, server, None));

        var scan = await index.ScanAsync(Partition, Query(10), None);
        Assert.True(scan.IsBuilt);
        Assert.Equal(server, scan.Incarnation);
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
        await index.EndBuildAsync(Partition, await index.BeginBuildAsync(Partition, None), await index.ReadIncarnationAsync(None), None);
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
        await index.EndBuildAsync(Partition, await index.BeginBuildAsync(Partition, None), await index.ReadIncarnationAsync(None), None);

        Assert.Null((await index.ScanAsync(Partition, Query(10) with { Reached = Now }, None)).Reached);
        await index.ScanAsync(Partition, Query(10) with { Reached = Now.AddSeconds(-5) }, None);
        Assert.Equal(Now, (await index.ScanAsync(Partition, Query(10), None)).Reached);
    }

    /// <summary>Else an emptied index would look as if it had been emptied twice, and be built twice.</summary>
    [Fact]
    public async Task An_index_that_nobody_built_keeps_how_far_an_owner_had_come()
    {
        var index = await OpenAsync();

        Assert.Null((await index.ScanAsync(Partition, Query(10) with { Reached = Now }, None)).Reached);
        Assert.Equal(Now, (await index.ScanAsync(Partition, Query(10) with { Reached = Now }, None)).Reached);
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
}
