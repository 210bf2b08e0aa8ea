namespace CronCloud.Engine.Loops;

/// <summary>A step that is run again and again. It holds no thread and no timer: an actor drives it, and so do tests and the simulation.</summary>
public interface ILoop
{
    /// <summary>For logs.</summary>
    string Name { get; }

    /// <summary>How long one run may take; one that takes longer is cancelled, and one that does not even heed that is left behind.</summary>
    TimeSpan Limit => TimeSpan.FromSeconds(30);

    /// <summary>Does what there is to do now, and answers how long there is nothing to do.</summary>
    Task<TimeSpan> RunOnceAsync(CancellationToken cancellation);
}
