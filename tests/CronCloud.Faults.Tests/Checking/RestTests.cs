using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Tests.Checking;

public sealed class RestTests
{
    private static readonly StoredEntry Sound = new(PlantedRun.Job, EntryKind.Next, 1, PlantedRun.At(21));

    [Fact]
    public void What_the_record_implies_is_sound()
    {
        var run = new PlantedRun();
        run.Store();

        Assert.Empty(run.Check().Violations);
    }

    [Fact]
    public void An_active_job_without_an_entry_is_found()
    {
        Assert.Contains("not in the due index", With().What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_with_two_entries_is_found()
    {
        Assert.Contains("twice", With(Sound, Sound with { Due = PlantedRun.At(22) }).What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_of_an_older_version_is_found()
    {
        Assert.Contains("version 0", With(Sound with { Version = 0 }).What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_for_an_instant_that_no_plan_names_is_found()
    {
        Assert.Contains("does not name", With(Sound with { Due = PlantedRun.At(21.5) }).What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_that_has_left_occurrences_out_is_found()
    {
        Assert.Contains("already", With(Sound with { Due = PlantedRun.At(60) }).What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EntryKind.Next)]
    [InlineData(EntryKind.Waiting)]
    [InlineData(EntryKind.LeftOver)]
    public void An_entry_that_nobody_takes_out_is_found(EntryKind kind)
    {
        StoredEntry[] entries = kind == EntryKind.Next ? [Sound with { Due = PlantedRun.At(14) }] : [Sound, new StoredEntry(PlantedRun.Job, kind, 1, PlantedRun.At(14))];

        Assert.Contains("still in the due index", With(entries).What, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_fault_delays_may_still_be_there()
    {
        var run = new PlantedRun();
        run.Windows.Add(new FaultWindow("Redis killed", PlantedRun.At(13), PlantedRun.At(15), TimeSpan.FromSeconds(10), MayRepeat: true));
        run.Store(stored => stored with { Entries = [Sound, new StoredEntry(PlantedRun.Job, EntryKind.Waiting, 1, PlantedRun.At(14))] });

        Assert.Empty(run.Check().Violations);
    }

    [Fact]
    public void An_entry_of_a_job_that_is_not_active_is_found()
    {
        var run = new PlantedRun();
        run.Store(stored => stored with { Jobs = [stored.Jobs[0] with { Active = false }] });

        Assert.Contains("not active", run.Only("I8").What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_of_a_job_that_the_record_does_not_have_is_found()
    {
        Assert.Equal("gone", With(Sound, Sound with { Job = "gone" }).Job);
    }

    [Fact]
    public void A_flight_beyond_its_deadline_is_found()
    {
        var run = new PlantedRun();
        run.Store(stored => stored with { Flights = [new StoredFlight("default/tick@1#1", PlantedRun.At(-41))] });

        Assert.Contains("61 s after its deadline", run.Only("I8").What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_that_is_not_read_to_where_it_was_is_found()
    {
        var run = new PlantedRun();
        run.Store(stored => stored with { Readers = [new StoredReader("OUTCOMES/settler", 10, 9)] });

        Assert.Contains("9 of 10", run.Only("I8").What, StringComparison.Ordinal);
    }

    private static CronCloud.Faults.Checking.Violation With(params StoredEntry[] entries)
    {
        var run = new PlantedRun();
        run.Store(stored => stored with { Entries = entries });
        return run.Only("I8");
    }
}
