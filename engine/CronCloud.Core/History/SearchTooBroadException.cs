namespace CronCloud.Core.History;

/// <summary>A search that would take more time or memory than one may: it has to be narrowed, not sent again.</summary>
public sealed class SearchTooBroadException(Exception reason) : Exception(reason.Message, reason);
