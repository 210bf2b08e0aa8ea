namespace CronCloud.LoadTests.Contenders;

/// <summary>CronCloud or a peer, started afresh on servers of its own: nothing of another one runs meanwhile.</summary>
internal interface IContender : IAsyncDisposable
{
    /// <summary>How long it may take to make so many jobs here, generously: they must exist before they are due.</summary>
    TimeSpan MakingTakesAtMost(int jobs);

    /// <summary>Makes jobs that are due at one instant, and answers how many it made per second.</summary>
    Task<double> MakeHerdAsync(string name, int jobs, DateTimeOffset due);

    /// <summary>Makes jobs that are due every second, spread over it, from the start until the end.</summary>
    Task<double> MakeSteadyAsync(string name, int jobs, DateTimeOffset start, DateTimeOffset end);
}
