namespace CronCloud.Simulation.Faults;

/// <summary>What may go wrong in a world. Each seed has some of them.</summary>
[Flags]
internal enum FaultKind
{
    None = 0,

    /// <summary>A call of a server fails, before its effect or after it.</summary>
    Errors = 1 << 0,

    /// <summary>A server is away for a while.</summary>
    Outages = 1 << 1,

    /// <summary>A call takes seconds.</summary>
    Delays = 1 << 2,

    /// <summary>A node dies, before or after a step's effect, and comes back later.</summary>
    Kills = 1 << 3,

    /// <summary>A node stands still for longer than its leases last, and goes on as if nothing had been.</summary>
    Pauses = 1 << 4,

    /// <summary>A stream takes a part of a batch.</summary>
    Partials = 1 << 5,

    /// <summary>A stream hands a message out once more.</summary>
    Duplicates = 1 << 6,

    /// <summary>NATS is restarted: it forgets the ids of acknowledged messages.</summary>
    NatsRestarts = 1 << 7,

    /// <summary>NATS loses its store.</summary>
    NatsEmptied = 1 << 8,

    RedisEmptied = 1 << 9,

    /// <summary>Redis comes back without its latest commands.</summary>
    RedisRolledBack = 1 << 10,

    /// <summary>A machine's clock is off by less than what takes its node out.</summary>
    Skew = 1 << 11,

    /// <summary>A node is stopped on purpose, and started again.</summary>
    Deployments = 1 << 12,

    /// <summary>A machine's clock is off by more than what takes its node out.</summary>
    ClockJumps = 1 << 13,

    /// <summary>A server is away for longer than what is started late whatever the catch-up policy says.</summary>
    LongOutages = 1 << 14,

    /// <summary>An execution kills every worker that makes it.</summary>
    Poison = 1 << 15,

    /// <summary>All nodes die at once, in a step of one of them, and stay away for longer than a checkpoint's margin.</summary>
    PowerCuts = 1 << 16,
}

/// <summary>A server is away, or the way to it: expected, and tried again by whoever meets it.</summary>
internal sealed class SimulatedFaultException(string message) : IOException(message);
