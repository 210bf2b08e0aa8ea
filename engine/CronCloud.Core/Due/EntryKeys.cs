using CronCloud.Core.Jobs;

namespace CronCloud.Core.Due;

/// <summary>What the keys of entries say: <c>tenant/job</c>, <c>tenant/job@…</c> for an execution, <c>tenant/job~version@…</c> for a left-over.</summary>
public static class EntryKeys
{
    /// <summary>The job whose own entry it is; null for another kind.</summary>
    public static JobKey? JobOf(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && key.AsSpan(slash).IndexOfAny('@', '~') < 0 ? new JobKey(key[..slash], key[(slash + 1)..]) : null;
    }

    /// <summary>Whether it is the entry of an execution that waits.</summary>
    public static bool IsOfExecution(string key) => key.Contains('@', StringComparison.Ordinal) && !key.Contains('~', StringComparison.Ordinal);
}
