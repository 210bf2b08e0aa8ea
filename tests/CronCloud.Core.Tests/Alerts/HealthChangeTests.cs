using CronCloud.Core.Alerts;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using static CronCloud.Core.Tests.Alerts.Outcomes;

namespace CronCloud.Core.Tests.Alerts;

public sealed class HealthChangeTests
{
    private static readonly JobHealth Sound = new() { Job = TheJob };
    private static readonly AlertPolicy Slow = new() { SlowAfter = TimeSpan.FromSeconds(60) };

    [Fact]
    public void Nothing_is_known_of_a_job_that_is_well() => Assert.Null(Change(Sound, [Success(0), Success(1)]));

    [Fact]
    public void Failures_in_a_row_open_one_incident_and_it_is_told_once()
    {
        var told = new List<Notification>();
        var health = Sound;
        for (var minute = 0; minute < 10; minute++)
        {
            var change = Change(health, [Failure(minute)])!;
            health = change.Health;
            told.AddRange(change.Notifications);
            Assert.Equal(minute < 2 ? (int?)null : minute + 1, health.Incident?.Failures);
        }

        var incident = health.Incident!;
        Assert.Equal((Minute(2).AddSeconds(0.1), Minute(9).AddSeconds(0.1), "10 executions in a row failed", "answered 500", "example.com"), (incident.OpenedAt, incident.LastSeenAt, incident.Summary, incident.LastError, incident.Destination));
        Assert.Equal((AlertKind.Opened, incident.Id, incident.OpenedAt + HealthChange.Gathering), (Assert.Single(told).Kind, told[0].IncidentId, told[0].Due));
    }

    [Fact]
    public void The_attempts_of_one_execution_count_once()
    {
        var health = After(Sound, Failure(0, 1), Failure(0, 2), Failure(0, 3), Failure(0, 4));
        Assert.Equal((1, null), (health.Streak.Count, health.Incident));

        Assert.Equal(3, After(health, Failure(5), Failure(0, 7), Failure(8)).Incident!.Failures);
    }

    [Fact]
    public void An_execution_that_is_not_remembered_any_more_still_counts_once()
    {
        var many = Enumerable.Range(1, 300).Select(i => Failure(i / 100.0)).ToArray();
        var health = After(Sound, [Failure(0, 1), .. many]);

        Assert.Equal(301, health.Streak.Count);
        Assert.Equal(301, After(health, Failure(0, 5)).Streak.Count);
    }

    [Fact]
    public void A_success_of_any_execution_ends_the_row()
    {
        Assert.Null(After(Sound, Failure(0), Failure(1), Success(2), Failure(3), Failure(4)).Incident);
        Assert.NotNull(After(Sound, Failure(0), Failure(1), Success(2), Failure(3), Failure(4), Failure(5)).Incident);
    }

    [Fact]
    public void Time_decides_and_not_the_order_of_reading()
    {
        Assert.Null(After(Sound, Success(2), Failure(1), Failure(0), Failure(3)).Incident);

        var calm = After(Sound, Failure(3), Success(4));
        Assert.Null(Change(calm, [Failure(0), Failure(1), Failure(2)]));

        var late = After(After(Sound, Failure(3), Failure(4)), Success(3.5));
        Assert.Equal((1, null), (late.Streak.Count, late.Incident));
    }

    [Fact]
    public void Whatever_comes_again_changes_nothing()
    {
        Outcome[] outcomes = [Failure(0), Failure(1), Failure(1, 2), DeadLetter(3), Success(4, late: 70), Of(5, AttemptResult.Succeeded, 5, 61, Slow), Missed(6, 7), Success(8), Failure(9), DeadLetter(10)];
        var health = Sound;
        for (var i = 0; i < outcomes.Length; i++)
        {
            health = After(health, outcomes[i]);
            for (var again = 0; again <= i; again++)
                Assert.Null(Change(health, [outcomes[again]]));
            Assert.Null(Change(health, outcomes.Take(i + 1).Reverse()));
        }
    }

    [Fact]
    public void The_next_success_of_an_execution_due_no_earlier_ends_failures()
    {
        var failing = After(Sound, Failure(0), Failure(1), Failure(2));

        Assert.NotNull(After(failing, Success(1, late: 120)).Incident);
        var change = Change(failing, [Success(3)])!;
        var resolved = Assert.Single(change.Incidents);
        Assert.Equal((IncidentState.Resolved, Minute(3).AddSeconds(0.1), failing.Incident!.Version + 1), (resolved.State, resolved.ResolvedAt, resolved.Version));
        Assert.Equal((AlertKind.Recovered, resolved.ResolvedAt), (Assert.Single(change.Notifications).Kind, change.Notifications[0].Due));
        Assert.Equal([IncidentEventKind.Recovered], change.Events.Select(e => e.Kind));
        Assert.True(change.Health.IsCalm);
    }

    [Fact]
    public void A_redriven_dead_letter_that_succeeds_ends_it()
    {
        var dead = After(Sound, DeadLetter(0));
        Assert.Equal([TroubleKind.DeadLetter], dead.Incident!.Kinds);

        Assert.NotNull(After(dead, Success(-1, late: 120)).Incident);
        Assert.Null(After(dead, Success(0, late: 60) with { Execution = DeadLetter(0).Execution with { Trigger = Trigger.Redrive, Attempt = 2, FirstAttempt = 2 } }).Incident);
    }

    [Fact]
    public void What_was_late_or_missed_is_over_with_a_start_in_time_whatever_comes_of_it()
    {
        var late = After(Sound, Success(0, late: 70));
        Assert.NotNull(After(late, Success(1, late: 6)).Incident);
        Assert.Null(After(late, Failure(2)).Incident);

        var missed = After(Sound, Missed(0, 10));
        Assert.NotNull(After(missed, Success(9)).Incident);
        Assert.Null(After(missed, Success(11)).Incident);
    }

    [Fact]
    public void What_was_slow_is_over_with_a_fast_success_that_began_after()
    {
        var slow = After(Sound, Of(0, AttemptResult.Succeeded, 0, 70, Slow));
        Assert.Equal([TroubleKind.Slow], slow.Incident!.Kinds);

        Assert.NotNull(After(slow, Success(1, alerts: Slow)).Incident);
        Assert.NotNull(After(slow, Failure(2, alerts: Slow)).Incident);
        Assert.Null(After(slow, Success(2, alerts: Slow)).Incident);
    }

    [Fact]
    public void Another_kind_of_trouble_joins_the_open_incident_without_a_message()
    {
        var failing = After(Sound, Failure(0), Failure(1), Failure(2));
        var change = Change(failing, [Success(1.5, late: 120), Missed(3, 4)])!;

        Assert.Equal([TroubleKind.Failing, TroubleKind.Late, TroubleKind.Missed], change.Health.Incident!.Kinds);
        Assert.Equal(failing.Incident!.Id, change.Health.Incident.Id);
        Assert.Equal([IncidentEventKind.Added, IncidentEventKind.Added], change.Events.Select(e => e.Kind));
        Assert.Empty(change.Notifications);
        Assert.Contains("3 executions in a row failed; ", change.Health.Incident.Summary, StringComparison.Ordinal);

        var over = Change(change.Health, [Success(5)])!;
        Assert.Equal(AlertKind.Recovered, Assert.Single(over.Notifications).Kind);
        Assert.Null(over.Health.Incident);
    }

    [Fact]
    public void An_acknowledged_incident_stays_so_and_its_recovery_is_told()
    {
        var failing = After(Sound, Failure(0), Failure(1), Failure(2));
        var known = failing with { Incident = IncidentChange.Acknowledged(failing.Incident!, "me", Minute(2.5))!.Next };

        Assert.Equal(IncidentState.Acknowledged, After(known, Failure(3)).Incident!.State);
        Assert.Equal(AlertKind.Recovered, Assert.Single(Change(known, [Success(3)])!.Notifications).Kind);
    }

    [Fact]
    public void Trouble_that_is_over_when_it_is_read_is_one_resolved_incident()
    {
        var change = Change(Sound, [Success(3), DeadLetter(2)])!;

        Assert.Equal((IncidentState.Resolved, 1L), (Assert.Single(change.Incidents).State, change.Incidents[0].Version));
        Assert.Null(change.Health.Incident);
        Assert.False(change.Notifications.Single(n => n.Kind == AlertKind.Opened).IsWanted(change.Incidents[0]));
        Assert.True(change.Notifications.Single(n => n.Kind == AlertKind.Recovered).IsWanted(change.Incidents[0]));
    }

    [Fact]
    public void A_failure_that_is_read_after_its_retry_succeeded_is_over()
    {
        var once = new AlertPolicy { ConsecutiveFailures = 1 };
        var retried = Second(Success(0, late: 60, alerts: once));

        var calm = Change(Sound, [retried])!;
        Assert.Equal((true, 0, 0), (calm.Health.IsCalm, calm.Incidents.Count, calm.Notifications.Count));
        Assert.Null(Change(calm.Health, [retried, Failure(0, alerts: once)]));
        Assert.NotNull(After(calm.Health, Failure(2, alerts: once)).Incident);
    }

    [Fact]
    public void A_dead_letter_that_is_read_after_its_redrive_succeeded_is_one_resolved_incident()
    {
        var change = Change(After(Sound, Second(Success(0, late: 60))), [DeadLetter(0)])!;

        Assert.Equal(IncidentState.Resolved, Assert.Single(change.Incidents).State);
        Assert.Null(change.Health.Incident);
    }

    [Fact]
    public void Two_kinds_of_trouble_that_one_outcome_brings_are_two_events()
    {
        var failing = After(Sound, Missed(0, 1));
        var change = Change(failing, [DeadLetter(2) with { Execution = Failure(2, alerts: new AlertPolicy { ConsecutiveFailures = 1 }).Execution }])!;

        Assert.Equal([IncidentEventKind.Added, IncidentEventKind.Added], change.Events.Select(e => e.Kind));
        Assert.Equal(2, change.Events.Select(e => e.Key).Distinct().Count());
        Assert.DoesNotContain("missed", change.Health.Incident!.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_incidents_after_one_another_are_each_told()
    {
        var change = Change(Sound, [DeadLetter(0), Success(1), DeadLetter(2)])!;

        Assert.Equal([IncidentState.Resolved, IncidentState.Open], change.Incidents.Select(i => i.State));
        Assert.Equal(2, change.Incidents.Select(i => i.Id).Distinct().Count());
        Assert.Equal([AlertKind.Opened, AlertKind.Recovered, AlertKind.Opened], change.Notifications.Select(n => n.Kind));
    }

    [Fact]
    public void Health_comes_back_from_its_JSON()
    {
        var health = After(Sound, Failure(0), Failure(1), Failure(2), Success(3, late: 20)) with { Incident = null };
        var read = System.Text.Json.JsonSerializer.Deserialize<JobHealth>(System.Text.Json.JsonSerializer.Serialize(health, Core.Json.CoreJson.Options), Core.Json.CoreJson.Options)!;

        Assert.Equal((health.Job, health.Version, health.Streak.Count, health.Streak.CalmAt), (read.Job, read.Version, read.Streak.Count, read.Streak.CalmAt));
        Assert.Equal(health.Symptoms, read.Symptoms);
        Assert.Equal(health.Streak.Latest, read.Streak.Latest);
    }

    [Fact]
    public void What_is_closed_is_over_also_when_it_is_read_again()
    {
        Outcome[] outcomes = [Failure(0), Failure(1), DeadLetter(2), Success(2.5, late: 60)];
        var change = HealthChange.Closed(After(Sound, outcomes), "the job was deleted", Minute(3));

        var closed = Assert.Single(change.Incidents);
        Assert.Equal((IncidentState.Resolved, "the job was deleted", 2L), (closed.State, closed.ClosedBecause, closed.Version));
        Assert.Equal(Minute(3.5).AddSeconds(0.1), closed.ResolvedAt);
        Assert.Equal([IncidentEventKind.Closed], change.Events.Select(e => e.Kind));
        Assert.Empty(change.Notifications);
        Assert.True(change.Health.IsCalm);
        Assert.All(outcomes, outcome => Assert.Null(Change(change.Health, [outcome])));
        Assert.Null(After(change.Health, Failure(4), Failure(5)).Incident);
        Assert.NotNull(After(change.Health, Failure(4), Failure(5), Failure(6)).Incident);
    }

    /// <summary>As the second attempt of its execution.</summary>
    private static Outcome Second(Outcome outcome) => outcome with { Execution = outcome.Execution with { Attempt = 2 } };

    /// <summary>Ids are never the same twice, as in the product.</summary>
    private static HealthChange? Change(JobHealth health, IEnumerable<Outcome> outcomes) => HealthChange.Of(health, outcomes, () => $"inc-{Guid.NewGuid():N}");

    private static JobHealth After(JobHealth health, params Outcome[] outcomes) => Change(health, outcomes)?.Health ?? health;
}
