using CronCloud.Core.Clocks;
using CronCloud.Engine.Clocks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Clocks;

public sealed class ClockGuardTests
{
    private static readonly DateTimeOffset Start = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    private readonly Machine _machine = new();
    private readonly Reference _redis = new("redis");
    private readonly Reference _sql = new("sql");
    private readonly DisciplinedClock _clock;
    private readonly ClockGuard _guard;

    public ClockGuardTests()
    {
        _clock = new DisciplinedClock(_machine);
        _guard = NewGuard(_redis, _sql);
    }

    [Fact]
    public async Task Nothing_is_trusted_before_the_first_comparison()
    {
        Assert.False(_guard.IsTrusted);
        await SecondAsync();
        Assert.True(_guard.IsTrusted);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    [InlineData(10)]
    public async Task A_jump_of_the_machines_clock_moves_nothing_and_takes_the_node_out(int seconds)
    {
        await SecondAsync();
        var before = _clock.GetUtcNow();

        _machine.Jump(TimeSpan.FromSeconds(seconds));
        Assert.Equal(before, _clock.GetUtcNow());
        await SecondAsync();

        Assert.False(_guard.IsTrusted);
        Assert.Equal(before.AddSeconds(1), _clock.GetUtcNow());
        _machine.Jump(TimeSpan.FromSeconds(-seconds));
        await SecondAsync();
        Assert.True(_guard.IsTrusted);
    }

    [Fact]
    public async Task One_reference_that_is_off_by_itself_takes_nobody_out()
    {
        _redis.Ahead = TimeSpan.FromHours(1);

        await SecondAsync();

        Assert.True(_guard.IsTrusted);
    }

    [Fact]
    public async Task References_that_are_away_leave_it_as_it_was()
    {
        await SecondAsync();
        (_redis.IsAway, _sql.IsAway) = (true, true);
        await SecondAsync();
        Assert.True(_guard.IsTrusted);

        _machine.Jump(TimeSpan.FromHours(1));
        for (var second = 0; second < 10; second++)
            await SecondAsync();

        Assert.Equal(Start.AddSeconds(12), _clock.GetUtcNow());
    }

    [Fact]
    public async Task A_machine_that_slept_is_believed_when_the_references_say_the_same()
    {
        await SecondAsync();
        _machine.Jump(TimeSpan.FromHours(8));
        (_redis.Ahead, _sql.Ahead) = (TimeSpan.FromHours(8), TimeSpan.FromHours(8));

        await SecondAsync();

        Assert.True(_guard.IsTrusted);
        Assert.Equal(Start.AddHours(8).AddSeconds(2), _clock.GetUtcNow());
    }

    [Fact]
    public async Task With_nobody_to_ask_a_jump_is_believed_when_it_stays()
    {
        var alone = NewGuard();
        await RunAsync(alone);
        _machine.Jump(TimeSpan.FromHours(8));

        await RunAsync(alone);
        Assert.Equal(Start.AddSeconds(2), _clock.GetUtcNow());
        await RunAsync(alone);

        Assert.True(alone.IsTrusted);
        Assert.Equal(Start.AddHours(8).AddSeconds(3), _clock.GetUtcNow());
    }

    [Fact]
    public async Task A_machine_that_is_wrong_from_the_start_goes_by_a_references_time_and_is_not_trusted()
    {
        _machine.Jump(TimeSpan.FromSeconds(-20));
        var clock = new DisciplinedClock(_machine);
        var guard = NewGuard(clock, _redis, _sql);

        await RunAsync(guard);

        Assert.Equal(Start.AddSeconds(1), clock.GetUtcNow());
        Assert.False(guard.IsTrusted);
    }

    [Fact]
    public async Task Nothing_is_known_while_all_references_are_away_at_the_start()
    {
        (_redis.IsAway, _sql.IsAway) = (true, true);
        await SecondAsync();
        Assert.False(_guard.IsKnown);
        Assert.False(_guard.IsTrusted);

        _sql.IsAway = false;
        await SecondAsync();

        Assert.True(_guard.IsKnown);
        Assert.True(_guard.IsTrusted);
    }

    [Fact]
    public async Task A_jump_in_the_middle_of_a_comparison_is_not_adopted()
    {
        await SecondAsync();
        _redis.Meanwhile = () => _machine.Jump(TimeSpan.FromSeconds(3));

        await SecondAsync();

        Assert.Equal(Start.AddSeconds(2), _clock.GetUtcNow());
    }

    [Fact]
    public async Task An_answer_that_was_long_under_way_tells_nothing()
    {
        await SecondAsync();
        _machine.Jump(TimeSpan.FromSeconds(3));
        (_redis.Meanwhile, _sql.Meanwhile) = (() => _machine.Truth.Advance(TimeSpan.FromSeconds(6)), () => { });

        await SecondAsync();

        Assert.Equal(Start.AddSeconds(8), _clock.GetUtcNow());
    }

    private ClockGuard NewGuard(params Reference[] references) => NewGuard(_clock, references);

    private ClockGuard NewGuard(DisciplinedClock clock, params Reference[] references)
    {
        foreach (var reference in references)
            reference.Time = _machine.Truth;
        return new ClockGuard(clock, _machine, references, NullLogger<ClockGuard>.Instance);
    }

    private Task SecondAsync() => RunAsync(_guard);

    private Task RunAsync(ClockGuard guard)
    {
        _machine.Truth.Advance(TimeSpan.FromSeconds(1));
        return guard.RunOnceAsync(CancellationToken.None);
    }

    /// <summary>A machine whose wall clock can jump while its counter runs on.</summary>
    private sealed class Machine : TimeProvider
    {
        private TimeSpan _offset;

        public FakeTimeProvider Truth { get; } = new(Start);

        public override long TimestampFrequency => Truth.TimestampFrequency;

        public void Jump(TimeSpan by) => _offset += by;

        public override DateTimeOffset GetUtcNow() => Truth.GetUtcNow() + _offset;

        public override long GetTimestamp() => Truth.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => Truth.CreateTimer(callback, state, dueTime, period);
    }

    private sealed class Reference(string name) : IReferenceClock
    {
        public string Name => name;

        public TimeProvider Time { get; set; } = TimeProvider.System;

        public TimeSpan Ahead { get; set; }

        public bool IsAway { get; set; }

        /// <summary>What happens while it is asked.</summary>
        public Action Meanwhile { get; set; } = () => { };

        public Task<DateTimeOffset> ReadAsync(CancellationToken cancellation)
        {
            if (IsAway)
                throw new IOException($"{name} is away.");
            Meanwhile();
            return Task.FromResult(Time.GetUtcNow() + Ahead);
        }
    }
}
