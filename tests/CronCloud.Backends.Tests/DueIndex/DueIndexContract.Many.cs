using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

/// <summary>Many entries armed in one step.</summary>
public abstract partial class DueIndexContract
{
    [Fact]
    public async Task Many_entries_armed_together_are_each_armed_by_their_version()
    {
        var index = await OpenAsync();
        await index.ArmAsync(Partition, [Entry("t/job-7", 3, 5), Entry("t/job-8", 1, 5)], None);

        await index.ArmAsync(Partition, [.. Enumerable.Range(0, 250).Select(i => Entry($"t/job-{i}", 2, 100 + i))], None);

        var stamps = await index.StampAsync(Partition, [.. Enumerable.Range(0, 250).Select(i => $"t/job-{i}")], None);
        Assert.Equal(250, stamps.Count);
        Assert.Equal((3L, Now.AddSeconds(5)), (stamps["t/job-7"].Version, stamps["t/job-7"].Due));
        Assert.Equal((2L, Now.AddSeconds(108)), (stamps["t/job-8"].Version, stamps["t/job-8"].Due));
        Assert.All(stamps.Values.Where(stamp => stamp.Key is not "t/job-7"), stamp => Assert.Equal(2, stamp.Version));
    }

    [Fact]
    public async Task Thousands_of_flights_start_and_land_together_and_are_stamped()
    {
        var index = await OpenAsync();
        var entries = Enumerable.Range(0, 5_000).Select(i => Entry($"t/job-{i}", 1, 0)).ToList();
        foreach (var part in entries.Chunk(500))
            await index.ArmAsync(Partition, part, None);

        var moved = await index.AdvanceAsync(Partition, [.. entries.Select(entry => new Advance(entry, Now.AddHours(1), Flight($"{entry.Key}#1", 60)))], Now, None);
        Assert.Equal((5_000, true), (moved.Count, moved.All(one => one)));
        Assert.Equal(5_000, (await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10_000, None)).Count);
        var stamps = await index.StampAsync(Partition, ["t/nobody", .. entries.Select(entry => entry.Key)], None);
        Assert.Equal(entries.Select(entry => (entry.Key, Now.AddHours(1))), stamps.Values.Select(stamp => (stamp.Key, stamp.Due)));

        var live = await index.LandAsync(Partition, [.. entries.Select(entry => new Landing($"{entry.Key}#1", null) { Succeeded = true, Frees = new SlotClaim(entry.Key, $"{entry.Key}@1") })], Now, None);
        Assert.Equal((5_000, true), (live.Count, live.All(one => one == Landed.Live)));
        Assert.Empty(await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 10, None));
    }

    [Fact]
    public async Task Two_versions_of_a_job_armed_together_leave_the_later_one_and_what_the_earlier_was_due()
    {
        var index = await OpenAsync();

        await index.ArmAsync(Partition, [Entry("t/a", 1, -5), Entry("t/a", 2, 30) with { Since = Now }, Entry("t/a", 1, -5)], None);

        var scan = await index.ScanAsync(Partition, Query(10) with { LeftOverLimit = 10 }, None);
        Assert.Equal((1L, Now.AddSeconds(-5)), (Assert.Single(scan.LeftOvers).Version, scan.LeftOvers[0].Due));
        Assert.Equal(2, (await index.FindAsync(Partition, "t/a", None))!.Version);
    }

    /// <summary>At a tick of the dispatch they come at once.</summary>
    [Fact]
    public async Task Partitions_that_are_worked_on_side_by_side_have_each_their_own()
    {
        var index = await OpenAsync();
        var partitions = Enumerable.Range(0, 100).ToList();
        await Task.WhenAll(partitions.Select(p => index.ArmAsync(p, [.. Enumerable.Range(0, p % 7).Select(i => Entry($"t/job-{p}-{i}", 1, -1))], None)));

        var scans = await Task.WhenAll(partitions.Select(p => index.ScanAsync(p, Query(10), None)));
        Assert.All(partitions, p => Assert.Equal(Enumerable.Range(0, p % 7).Select(i => $"t/job-{p}-{i}"), scans[p].Entries.Select(entry => entry.Key).Order(StringComparer.Ordinal)));

        var moved = await Task.WhenAll(partitions.Select(p => index.AdvanceAsync(p, [.. scans[p].Entries.Select((entry, i) => new Advance(i == 5 ? entry with { Version = 9 } : entry, Now.AddHours(1), Flight($"{entry.Key}#1", 60)))], Now, None)));
        Assert.All(partitions, p => Assert.Equal(Enumerable.Range(0, p % 7).Select(i => i != 5), moved[p]));

        var live = await Task.WhenAll(partitions.Select(p => index.LandAsync(p, [.. scans[p].Entries.Select(entry => new Landing($"{entry.Key}#1", null) { Succeeded = p % 2 == 0 })], Now, None)));
        Assert.All(partitions, p => Assert.Equal(Enumerable.Repeat(Landed.Live, p % 7), live[p]));
        var again = await Task.WhenAll(partitions.Select(p => index.LandAsync(p, [.. scans[p].Entries.Select(entry => new Landing($"{entry.Key}#1", null))], Now, None)));
        Assert.All(partitions, p => Assert.Equal(Enumerable.Repeat(p % 2 == 0 ? Landed.Over : Landed.Live, p % 7), again[p]));
    }
}
