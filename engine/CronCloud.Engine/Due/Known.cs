namespace CronCloud.Engine.Due;

/// <summary>What a build may ask, since an index that lost something does not know what is over.</summary>
public sealed record Known(KnownStarts Starts, KnownEnds Ends);
