using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Checking;

/// <summary>Holds a run against the invariants: a pure function of what was observed.</summary>
public static class Checker
{
    public static CheckReport Check(Observed observed)
    {
        var run = new Case(observed);
        var duplicates = Keys.Duplicates(run).ToList();
        var early = Starts.Early(run).ToList();
        var phantoms = Phantoms.Of(run).ToList();
        return new CheckReport
        {
            Expected = run.Expected.Count,
            Received = Starts.Received(run),
            Awaited = Starts.Awaited(run),
            Duplicates = duplicates.Count,
            Explained = duplicates.Count(d => d.Explained),
            Early = early.Count,
            Phantoms = phantoms.Count,
            WorstLateness = Starts.WorstLateness(run),
            Violations =
            [
                .. Starts.Missed(run), .. Starts.Late(run), .. Keys.Of(run), .. early, .. phantoms, .. Phantoms.RetriesOfDeleted(run), .. Phantoms.Lost(run),
                .. Overlaps.Of(run), .. Retries.Of(run), .. Recording.Of(run), .. Counting.Of(run), .. Rest.Of(run), .. Versions.Of(run),
            ],
        };
    }
}
