namespace CronCloud.Simulation.Worlds;

/// <summary>One thread, one time, one source of chance, one trace: what happens in a world follows from its seed.</summary>
internal sealed class World
{
    /// <summary>More steps than this without time going on is a loop that would never end.</summary>
    private const int MostStepsAtOnce = 20_000;

    public static readonly DateTimeOffset Start = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

    private readonly SingleThread _thread = new();
    private Exception? _broken;

    public World(int seed)
    {
        Seed = seed;
        Random = new Random(seed);
        Trace = new Trace(Time);
    }

    public int Seed { get; }

    public VirtualTime Time { get; } = new(Start);

    public Random Random { get; }

    public Trace Trace { get; }

    public DateTimeOffset Now => Time.Now;

    /// <summary>Lets the world run up to the instant.</summary>
    public void RunUntil(DateTimeOffset until)
    {
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_thread);
        try
        {
            Run(until);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    public void Post(Action action) => _thread.Post(_ => action(), null);

    /// <summary>Begins something that nobody waits for. Should it throw, the world is broken: that is a bug of the simulation, never a finding.</summary>
    public void Begin(Func<Task> action) => _thread.Post(_ => Observe(action()), null);

    public Task DelayAsync(TimeSpan delay, CancellationToken cancellation = default) => Time.DelayExactlyAsync(delay, cancellation);

    /// <summary>True with the probability.</summary>
    public bool Chance(double probability) => Random.NextDouble() < probability;

    public TimeSpan Between(double fromSeconds, double toSeconds) => TimeSpan.FromSeconds(fromSeconds + (Random.NextDouble() * (toSeconds - fromSeconds)));

    public T Pick<T>(IReadOnlyList<T> items) => items[Random.Next(items.Count)];

    private void Run(DateTimeOffset until)
    {
        var (steps, at) = (0, Now);
        while (_thread.RunNext() || Time.FireNext(until))
        {
            if (_broken is not null)
                throw new InvalidOperationException($"Seed {Seed}: the simulation itself broke.", _broken);
            if (Now != at)
                (steps, at) = (0, Now);
            if (++steps > MostStepsAtOnce)
                throw new InvalidOperationException($"Seed {Seed}: a loop at {Now:HH:mm:ss.fff} that lets no time pass.\n{Trace.Tail(20)}");
        }

        Time.GoTo(until);
    }

    private void Observe(Task task) => task.ContinueWith(failed => _broken ??= failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
