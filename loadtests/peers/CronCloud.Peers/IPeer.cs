namespace CronCloud.Peers;

/// <summary>A scheduler that CronCloud is measured against.</summary>
internal interface IPeer
{
    /// <summary>Returns when this process has begun to work.</summary>
    Task<IAsyncDisposable> WorkAsync();

    /// <summary>Makes so many jobs, due at one instant.</summary>
    Task MakeHerdAsync(string name, int jobs, DateTimeOffset due);

    /// <summary>Makes so many jobs, due every second from then on.</summary>
    Task MakeSteadyAsync(string name, int jobs, DateTimeOffset start);
}
