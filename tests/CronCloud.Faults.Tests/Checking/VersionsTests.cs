namespace CronCloud.Faults.Tests.Checking;

public sealed class VersionsTests
{
    [Theory]
    [InlineData(3, new long[] { 1, 3 })]
    [InlineData(2, new long[] { 1, 2, 3 })]
    [InlineData(3, new long[] { 1, 2 })]
    [InlineData(2, new long[] { 2, 3 })]
    public void Versions_with_a_gap_or_another_end_are_found(long version, long[] revisions)
    {
        var run = new PlantedRun();
        run.Store(stored => stored with { Jobs = [stored.Jobs[0] with { Version = version, Revisions = revisions }], Entries = [stored.Entries[0] with { Version = version }] });

        run.Only("I11");
    }

    [Fact]
    public void Versions_that_follow_one_another_are_sound()
    {
        var run = new PlantedRun();
        run.Store(stored => stored with { Jobs = [stored.Jobs[0] with { Version = 3, Revisions = [1, 2, 3] }], Entries = [stored.Entries[0] with { Version = 3 }] });

        Assert.Empty(run.Check().Violations);
    }
}
