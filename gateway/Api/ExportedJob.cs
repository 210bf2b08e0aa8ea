using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;

namespace CronCloud.Gateway.Api;

/// <summary>A job as a line that can be imported: what somebody asked for, and nothing that time changes, so that two exports of the same jobs are the same.</summary>
internal sealed record ExportedJob(
    string Id,
    string? Description,
    IReadOnlyDictionary<string, string> Tags,
    ScheduleSpec Schedule,
    Target Target,
    RetryPolicy Retry,
    CatchUp CatchUp,
    Overlap Overlap,
    AlertPolicy Alerts,
    JobState State)
{
    public static ExportedJob Of(Job job)
    {
        var definition = job.Definition;
        return new ExportedJob(job.Key.Id, definition.Description, definition.Tags, definition.Schedule, definition.Target, definition.Retry, definition.CatchUp, definition.Overlap, definition.Alerts, job.State);
    }
}
