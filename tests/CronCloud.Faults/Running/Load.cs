using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Running;

/// <summary>The jobs that run through every fault: bounded, and due at whole seconds, so that each second has a herd of its own.</summary>
public static class Load
{
    /// <summary>An execution that was published and is gone counts as lost after its job's timeout of 10 s and a minute.</summary>
    public static readonly TimeSpan FlightDeadline = TimeSpan.FromSeconds(70);

    /// <summary>So much later again, should history be away by then: the next fault may be just that.</summary>
    public static readonly TimeSpan WithoutHistory = TimeSpan.FromSeconds(30);

    private const int PerPeriod = 20;
    private const int Flaky = 10;

    /// <summary>A hundred jobs at 1 to 5 s, and ten that fail their first attempt.</summary>
    public static IEnumerable<(string Job, JobShape Shape)> Steady(DateTimeOffset anchor)
    {
        for (var period = 1; period <= 5; period++)
        {
            for (var i = 0; i < PerPeriod; i++)
                yield return Every($"steady-{period}s-{i}", period, anchor, "ok");
        }

        for (var i = 0; i < Flaky; i++)
            yield return Every($"flaky-{i}", 5, anchor, "flaky/1");
    }

    public static (string Job, JobShape Shape) Every(string job, int seconds, DateTimeOffset anchor, string script) =>
        (job, new JobShape { Plan = new Plan.Every(TimeSpan.FromSeconds(seconds), anchor), Path = $"/{script}/{job}", MaxRetries = 3 });

    /// <summary>Many jobs that are due at one instant.</summary>
    public static IEnumerable<(string Job, JobShape Shape)> Herd(string name, int count, DateTimeOffset due) =>
        Enumerable.Range(0, count).Select(i => ($"{name}-{i}", new JobShape { Plan = new Plan.Once(due), Path = $"/ok/{name}-{i}", MaxRetries = 3 }));
}
