using CronCloud.Core.Jobs;
using CronCloud.Core.Ledger;
using CronCloud.Core.Schedules;
using CronCloud.Core.Tests.Schedules;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace CronCloud.Core.Tests.Ledger;

public sealed class ExpectedOccurrencesTests
{
    private static readonly JobKey Key = new("t", "job");
    private static readonly DateTimeOffset Ten = Parsed.Instant("2026-12-01T10:00:00Z");
    private static readonly ScheduleSpec EveryTenMinutes = new() { Every = TimeSpan.FromMinutes(10), Anchor = Ten };
    private static readonly ScheduleSpec Hourly = new() { Cron = "0 * * * *" };

    [Fact]
    public void An_hour_has_its_first_instant_and_not_that_of_the_next()
    {
        var expected = Of((Ten.AddDays(-1), JobState.Active, EveryTenMinutes));

        Assert.Equal(["10:00", "10:10", "10:20", "10:30", "10:40", "10:50"], List(expected));
        Assert.Equal(6, expected.Tally(Ten, Ten.AddHours(1)).Count);
    }

    [Fact]
    public void A_job_is_due_after_it_was_made_not_at_that_instant()
    {
        Assert.Equal(["10:30", "10:40", "10:50"], List(Of((Ten.AddMinutes(20), JobState.Active, EveryTenMinutes))));
        Assert.Equal(["10:20", "10:30", "10:40", "10:50"], List(Of((Ten.AddMinutes(20).AddMilliseconds(-1), JobState.Active, EveryTenMinutes))));
    }

    [Fact]
    public void What_is_due_at_the_instant_of_an_edit_belongs_to_the_old_version_and_to_no_other()
    {
        var other = new ScheduleSpec { Every = TimeSpan.FromMinutes(15), Anchor = Ten };

        Assert.Equal(["10:00", "10:10", "10:20", "10:30", "10:45"], List(Of((Ten.AddDays(-1), JobState.Active, EveryTenMinutes), (Ten.AddMinutes(30), JobState.Active, other))));
    }

    [Fact]
    public void A_pause_lets_go_of_what_is_due_after_it_and_a_resumption_goes_on_after_itself()
    {
        var expected = Of(
            (Ten.AddDays(-1), JobState.Active, EveryTenMinutes),
            (Ten.AddMinutes(10), JobState.Paused, EveryTenMinutes),
            (Ten.AddMinutes(40), JobState.Active, EveryTenMinutes));

        Assert.Equal(["10:00", "10:10", "10:50"], List(expected));
    }

    [Fact]
    public void A_deleted_job_is_due_up_to_its_deletion_and_one_made_anew_after_that()
    {
        var expected = Of(
            (Ten.AddDays(-1), JobState.Active, EveryTenMinutes),
            (Ten.AddMinutes(15), JobState.Deleted, EveryTenMinutes),
            (Ten.AddMinutes(44), JobState.Active, EveryTenMinutes));

        Assert.Equal(["10:00", "10:10", "10:50"], List(expected));
        Assert.Empty(List(Of((Ten.AddDays(-1), JobState.Deleted, EveryTenMinutes))));
    }

    [Fact]
    public void Edits_of_one_millisecond_leave_nothing_to_those_in_between()
    {
        var expected = Of(
            (Ten.AddDays(-1), JobState.Active, EveryTenMinutes),
            (Ten.AddMinutes(20), JobState.Active, Hourly),
            (Ten.AddMinutes(20), JobState.Active, new ScheduleSpec { At = Ten.AddMinutes(33) }));

        Assert.Equal(["10:00", "10:10", "10:20", "10:33"], List(expected));
    }

    [Fact]
    public void Two_gateways_whose_clocks_disagree_give_no_instant_to_two_versions()
    {
        var expected = Of(
            (Ten.AddDays(-1), JobState.Active, EveryTenMinutes),
            (Ten.AddMinutes(30).AddMilliseconds(200), JobState.Active, EveryTenMinutes),
            (Ten.AddMinutes(30).AddMilliseconds(-200), JobState.Active, EveryTenMinutes));

        Assert.Equal(["10:00", "10:10", "10:20", "10:30", "10:40", "10:50"], List(expected));
    }

    [Fact]
    public void Jitter_shifts_occurrences_over_the_end_of_an_hour_and_of_an_edit()
    {
        var shifted = EveryTenMinutes with { Jitter = TimeSpan.FromMinutes(9) };
        var shift = Parsed.Of(shifted).Next(Ten)!.Value - Ten;
        shift = shift < TimeSpan.FromMinutes(10) ? shift : shift - TimeSpan.FromMinutes(10);
        Assert.InRange(shift, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(9));

        var expected = Of((Ten.AddDays(-1), JobState.Active, shifted), (Ten.AddMinutes(30) + shift, JobState.Paused, shifted));

        Assert.Equal([0, 10, 20, 30], expected.List(Ten, Ten.AddHours(1)).Order().Select(due => (int)(due - shift - Ten).TotalMinutes));
        Assert.Empty(Of((Ten.AddDays(-1), JobState.Active, shifted), (Ten - shift, JobState.Paused, shifted)).List(Ten, Ten.AddHours(1)));
    }

    [Theory]
    [InlineData("2026-03-29", 23)]
    [InlineData("2026-10-25", 25)]
    [InlineData("2026-10-26", 24)]
    public void A_day_on_which_clocks_change_has_as_many_hours_as_it_has(string day, int occurrences)
    {
        var (winter, summer) = (Parsed.Instant($"{day}T00:00:00+00:00"), Parsed.Instant($"{day}T00:00:00+01:00"));
        var from = day == "2026-10-25" ? summer : winter;
        var expected = Of((from.AddDays(-3), JobState.Active, new ScheduleSpec { Cron = "0 * * * *", TimeZone = "Europe/London" }));

        Assert.Equal(occurrences, expected.Tally(from, from.AddHours(occurrences)).Count);
        Assert.Equal(1, Of((from.AddDays(-3), JobState.Active, new ScheduleSpec { Cron = "30 1 * * *", TimeZone = "Europe/London" })).Tally(from, from.AddHours(occurrences)).Count);
    }

    [Fact]
    public void What_the_old_version_names_a_moment_after_an_edit_may_have_been_started()
    {
        var expected = Of((Ten.AddDays(-1), JobState.Active, new ScheduleSpec { Every = TimeSpan.FromSeconds(10), Anchor = Ten }), (Ten.AddSeconds(5), JobState.Paused, Hourly));

        Assert.True(expected.MayHave(Ten));
        Assert.True(expected.MayHave(Ten.AddSeconds(10)));
        Assert.True(expected.MayHave(Ten.AddSeconds(60)));
        Assert.False(expected.MayHave(Ten.AddSeconds(70)));
        Assert.False(expected.MayHave(Ten.AddSeconds(11)));
        Assert.False(expected.MayHave(Ten.AddDays(-2)));
    }

    [Property(MaxTest = 200)]
    public Property The_hours_of_a_day_sum_to_the_day_whatever_was_edited_when() => Prop.ForAll(Arb.From(Lives()), life =>
    {
        var (from, expected) = (Ten.AddHours(-10), Of([.. life]));
        var hours = Enumerable.Range(0, 24).Select(hour => expected.Tally(from.AddHours(hour), from.AddHours(hour + 1)));

        var day = expected.Tally(from, from.AddDays(1));
        Assert.Equal(day, hours.Aggregate(default(DueTally), (sum, hour) => sum + hour));
        Assert.Equal(day, expected.List(from, from.AddDays(1)).Distinct().Aggregate(default(DueTally), (sum, due) => sum + DueTally.Of(due)));
    });

    /// <summary>A job's revisions: times on due times, near them and anywhere.</summary>
    private static Gen<(DateTimeOffset At, JobState State, ScheduleSpec Schedule)[]> Lives()
    {
        var edits = from minutes in Gen.Choose(-3 * 60, 27 * 60)
                    from ms in Gen.Elements(0, 0, -1, 1, 250)
                    from state in Gen.Elements(JobState.Active, JobState.Active, JobState.Active, JobState.Paused, JobState.Deleted)
                    from schedule in Gen.Elements(
                        EveryTenMinutes,
                        Hourly,
                        new ScheduleSpec { Cron = "*/5 * * * *", TimeZone = "America/New_York" },
                        new ScheduleSpec { Every = TimeSpan.FromSeconds(90), Jitter = TimeSpan.FromSeconds(45) },
                        new ScheduleSpec { At = Ten.AddHours(2) })
                    select (Ten.AddHours(-10).AddMinutes(minutes).AddMilliseconds(ms), state, schedule);
        return from count in Gen.Choose(0, 6)
               from life in Gen.ListOf(edits, count)
               select life.OrderBy(edit => edit.Item1).ToArray();
    }

    [Fact]
    public void A_schedule_that_cannot_be_read_here_is_no_schedule_without_occurrences()
    {
        var revision = new RecordedRevision(Key.Id, 1, default, JobState.Active, () => new JobDefinition { Schedule = new ScheduleSpec { Cron = "0 3 * * *", TimeZone = "Moon/Tycho" }, Target = new Target() });

        Assert.Contains("Moon/Tycho", Assert.Throws<FormatException>(() => new ExpectedOccurrences(Key, [revision])).Message, StringComparison.Ordinal);
    }

    private static ExpectedOccurrences Of(params (DateTimeOffset At, JobState State, ScheduleSpec Schedule)[] life) => new(
        Key,
        [.. life.Select((edit, i) => new RecordedRevision(Key.Id, i + 1, edit.At, edit.State, () => new JobDefinition { Schedule = edit.Schedule, Target = new Target() }))]);

    private static IEnumerable<string> List(ExpectedOccurrences expected) =>
        expected.List(Ten, Ten.AddHours(1)).Order().Select(due => due.ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture));
}
