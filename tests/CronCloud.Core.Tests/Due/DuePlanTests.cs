using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Core.Tests.Due;

public sealed class DuePlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_is_late_by_seconds_starts_whatever_the_policy_says()
    {
        var plan = Plan(EveryMinute(new CatchUp { Policy = CatchUpPolicy.None }), due: Now.AddSeconds(-29));

        Assert.Equal(Now.AddSeconds(-29), plan.Start!.ScheduledAt);
        Assert.Null(plan.LeftOver);
    }

    [Fact]
    public void What_is_overdue_is_left_over_and_the_job_goes_on_with_what_is_due_now()
    {
        var entry = EveryMinute(CatchUp.Default).At(Now.AddHours(-1));

        var plan = DuePlan.Of(entry, Now, null, null, TraceParent.New);

        Assert.Null(plan.Start);
        Assert.Equal(Now, plan.NextDue);
        Assert.Equal((Now.AddHours(-1), Now.AddSeconds(-30)), (plan.LeftOver!.Due, plan.LeftOver.Until));
    }

    [Fact]
    public void All_are_caught_up_one_by_one_until_the_left_over_ends()
    {
        var (started, missed) = WorkOff(CatchUp.Default, Now.AddMinutes(-5));

        Assert.Equal([-5, -4, -3, -2, -1], started.Select(s => (int)(s - Now).TotalMinutes));
        Assert.Empty(missed);
    }

    [Fact]
    public void What_is_older_than_the_window_is_missed_and_the_rest_caught_up()
    {
        var (started, missed) = WorkOff(new CatchUp { Window = TimeSpan.FromMinutes(2) }, Now.AddMinutes(-5));

        Assert.Equal([-2, -1], started.Select(s => (int)(s - Now).TotalMinutes));
        Assert.Equal([-5, -4, -3], missed.Select(d => (int)(d.First.ScheduledAt - Now).TotalMinutes));
        Assert.All(missed, d => Assert.Contains("window of 2m", d.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Latest_starts_the_last_one_when_no_later_one_is_due()
    {
        var once = new DueJobEntry(new ScheduleSpec { Cron = "30 * * * *" }, new CatchUp { Policy = CatchUpPolicy.Latest });

        var (started, missed) = WorkOff(once, Now.AddMinutes(-150));

        Assert.Equal([-30], started.Select(s => (int)(s - Now).TotalMinutes));
        Assert.Equal([-150, -90], missed.Select(d => (int)(d.First.ScheduledAt - Now).TotalMinutes));
    }

    [Fact]
    public void Latest_starts_nothing_old_when_a_later_one_is_due_now()
    {
        var (started, missed) = WorkOff(new CatchUp { Policy = CatchUpPolicy.Latest }, Now.AddMinutes(-3));

        Assert.Empty(started);
        Assert.Equal([-3, -2, -1], missed.Select(d => (int)(d.First.ScheduledAt - Now).TotalMinutes));
    }

    [Fact]
    public void A_long_gap_is_told_as_ranges_that_count_every_occurrence()
    {
        var everySecond = new DueJobEntry(new ScheduleSpec { Every = TimeSpan.FromSeconds(1), Anchor = Now.AddYears(-1) }, new CatchUp { Policy = CatchUpPolicy.None });

        var (started, missed) = WorkOff(everySecond, Now.AddHours(-1));

        Assert.Empty(started);
        Assert.Equal(3600 - 30 + 1, missed.Sum(d => d.Count));
        Assert.Equal(Now.AddHours(-1), missed[0].First.ScheduledAt);
        Assert.Equal(Now.AddSeconds(-30), missed[^1].Last);
        Assert.InRange(missed.Count, 2, 10);
    }

    [Fact]
    public void One_instant_that_passed_while_all_was_down_follows_its_policy_too()
    {
        var (started, missed) = WorkOff(new DueJobEntry(new ScheduleSpec { At = Now.AddHours(-2) }, new CatchUp { Policy = CatchUpPolicy.Latest }), Now.AddHours(-2));
        Assert.Single(started);
        Assert.Empty(missed);

        (started, missed) = WorkOff(new DueJobEntry(new ScheduleSpec { At = Now.AddHours(-2) }, new CatchUp { Policy = CatchUpPolicy.None }), Now.AddHours(-2));
        Assert.Empty(started);
        Assert.Single(missed);
    }

    [Theory]
    [InlineData(CatchUpPolicy.Latest)]
    [InlineData(CatchUpPolicy.None)]
    public void What_an_edit_left_over_and_is_not_long_overdue_starts_whatever_the_policy(CatchUpPolicy policy)
    {
        var job = new DueJobEntry(new ScheduleSpec { Every = TimeSpan.FromSeconds(10), Anchor = Now.AddYears(-1) }, new CatchUp { Policy = policy });

        var (started, missed) = WorkOff(job.At(Now.AddSeconds(-60)).LeftOver(Now.AddSeconds(-5)));

        Assert.Equal([-60, -50, -40, -30], missed.Select(d => (int)(d.First.ScheduledAt - Now).TotalSeconds));
        Assert.Equal([-20, -10], started.Select(due => (int)(due - Now).TotalSeconds));
    }

    [Fact]
    public void An_index_that_is_behind_starts_nothing_that_is_in_the_queue()
    {
        var plan = DuePlan.Of(EveryMinute(CatchUp.Default).At(Now.AddHours(-1)), Now, Now.AddMinutes(-10), null, TraceParent.New);

        Assert.Null(plan.Start);
        Assert.Null(plan.LeftOver);
        Assert.Equal(Now.AddMinutes(-9), plan.NextDue);
    }

    /// <summary>A job that was written in the minute before a checkpoint may be armed anew by it.</summary>
    [Fact]
    public void A_tombstone_stays_until_the_checkpoint_is_a_minute_past_what_it_stands_for()
    {
        var ended = Now - DueEntry.TombstoneLife;
        var (tombstone, passed) = (DueEntry.Tombstone("t/job", 1, ended), ended + Checkpoint.ArmingMargin);

        Assert.Equal(Now + DueEntry.TombstoneLife, DuePlan.Of(tombstone, Now, null, passed.AddMilliseconds(-1), TraceParent.New).NextDue);
        Assert.Equal(Now + DueEntry.TombstoneLife, DuePlan.Of(tombstone, Now, null, null, TraceParent.New).NextDue);
        Assert.Null(DuePlan.Of(tombstone, Now, null, passed, TraceParent.New).NextDue);
    }

    private static DueJobEntry EveryMinute(CatchUp catchUp) => new(new ScheduleSpec { Cron = "* * * * *" }, catchUp);

    private static DuePlan Plan(DueJobEntry job, DateTimeOffset due) => DuePlan.Of(job.At(due), Now, null, null, TraceParent.New);

    private static (List<DateTimeOffset> Started, List<Dropped> Missed) WorkOff(CatchUp catchUp, DateTimeOffset due) => WorkOff(EveryMinute(catchUp), due);

    private static (List<DateTimeOffset> Started, List<Dropped> Missed) WorkOff(DueJobEntry job, DateTimeOffset due) => WorkOff(job.At(due).LeftOver(Now - CatchUp.OnTime));

    private static (List<DateTimeOffset> Started, List<Dropped> Missed) WorkOff(DueEntry leftOver)
    {
        var (started, missed) = (new List<DateTimeOffset>(), new List<Dropped>());
        DueEntry? entry = leftOver;
        for (var steps = 0; entry is not null && steps < 10_000; steps++)
        {
            var plan = DuePlan.Of(entry, Now, null, null, TraceParent.New);
            if (plan.Start is { } start)
                started.Add(start.ScheduledAt);
            missed.AddRange(plan.Drops);
            entry = plan.NextDue is { } next ? entry with { Due = next } : null;
        }

        Assert.Null(entry);
        return (started, missed);
    }

    private sealed record DueJobEntry(ScheduleSpec Schedule, CatchUp CatchUp)
    {
        public DueEntry At(DateTimeOffset due)
        {
            var job = new Job
            {
                Key = new JobKey("t", "job"),
                Definition = new JobDefinition { Schedule = Schedule, Target = new Target { Http = new HttpTarget { Url = "https://example.com" } }, CatchUp = CatchUp },
                State = JobState.Active,
                Version = 1,
                CreatedAt = due,
                UpdatedAt = due,
            };
            return DueItem.EntryOf(job, due.AddTicks(-1), due) with { Due = due };
        }
    }
}
