using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using CronCloud.Core.Alerts;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Streams;

namespace CronCloud.Node.Hosting;

/// <summary>
/// For fault tests only: the process stops or kills itself at a chosen step. <c>CRONCLOUD_PAUSE_POINT</c> holds points as
/// <c>IDueIndex.AdvanceAsync:before:KILL:20</c>, separated by <c>;</c>: the seam's method, before or after its effect, KILL or STOP, at which
/// call, and, if wanted, a text that the call's arguments must hold (a job's id). Every step of the pipeline is a call of a seam, so each
/// moment between two steps can be named. Without the variable nothing is decorated.
/// </summary>
internal static class PausePoints
{
    public const string Variable = "CRONCLOUD_PAUSE_POINT";

    private static readonly Type[] Seams =
        [typeof(IExecutionQueue), typeof(IOutcomeStream), typeof(IDueIndex), typeof(IPendingStore), typeof(IJobStore), typeof(IHistory), typeof(ITargetCaller), typeof(IIncidentStore), typeof(INotificationStore), typeof(IChannelSender)];

    public static void AddPausePoints(this IServiceCollection services, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return;
        var points = text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Read).ToList();
        foreach (var seam in points.GroupBy(p => p.Method.DeclaringType!))
        {
            for (var i = 0; i < services.Count; i++)
            {
                if (services[i].ServiceType == seam.Key)
                    services[i] = Decorated(services[i], [.. seam]);
            }
        }
    }

    private static PausePoint Read(string text)
    {
        var parts = text.Split(':', 5);
        if (parts.Length < 4 || parts[1] is not ("before" or "after") || parts[2] is not ("KILL" or "STOP")
            || !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var call) || call == 0)
            throw new SettingException($"{Variable}: '{text}' is not Seam.Method:before|after:KILL|STOP:n[:text].");
        var method = Seams.SelectMany(s => s.GetMethods()).FirstOrDefault(m => $"{m.DeclaringType!.Name}.{m.Name}" == parts[0])
            ?? throw new SettingException($"{Variable}: '{parts[0]}' is no method of a seam ({string.Join(", ", Seams.Select(s => s.Name))}).");
        if (parts[1] == "after" && !typeof(Task).IsAssignableFrom(method.ReturnType))
            throw new SettingException($"{Variable}: the effect of '{parts[0]}' cannot be awaited: only 'before' is possible.");
        return new PausePoint(method, parts[1] == "after", parts[2] == "KILL" ? PausePoint.Kill : PausePoint.Stop, call, parts.Length > 4 ? parts[4] : "");
    }

    private static ServiceDescriptor Decorated(ServiceDescriptor seam, IReadOnlyList<PausePoint> points) => new(
        seam.ServiceType,
        services =>
        {
            var inner = seam.ImplementationInstance ?? seam.ImplementationFactory?.Invoke(services) ?? ActivatorUtilities.CreateInstance(services, seam.ImplementationType!);
            var proxy = (PausingProxy)DispatchProxy.Create(seam.ServiceType, typeof(PausingProxy));
            (proxy.Inner, proxy.Points) = (inner, points);
            return proxy;
        },
        seam.Lifetime);
}

/// <summary>One named moment, and how many of its calls have passed.</summary>
internal sealed class PausePoint(MethodInfo method, bool after, int signal, int call, string text)
{
    public const int Kill = 9;
    public const int Stop = 19;

    private int _calls;

    public MethodInfo Method => method;

    public bool After => after;

    /// <summary>Counts the call if it matches. True for the one that is to be hit.</summary>
    public bool Hits(object?[] arguments) => (text.Length == 0 || arguments.Any(Holds)) && Interlocked.Increment(ref _calls) == call;

    public void Signal()
    {
        Console.Error.WriteLine($"{PausePoints.Variable}: signal {signal} {(after ? "after" : "before")} {method.DeclaringType!.Name}.{method.Name}");
        if (SendSignal(Environment.ProcessId, signal) != 0)
            throw new InvalidOperationException($"Signal {signal} could not be sent (errno {Marshal.GetLastPInvokeError()}).");
    }

    /// <summary>Entries, messages and executions are records: their text names their job.</summary>
    private bool Holds(object? argument) => argument switch
    {
        null => false,
        string one => one.Contains(text, StringComparison.Ordinal),
        System.Collections.IEnumerable many => many.Cast<object?>().Any(Holds),
        _ => argument.ToString()!.Contains(text, StringComparison.Ordinal),
    };

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}

/// <summary>A seam that passes every call on, and signals the process at its points. Its calls are made by reflection; public, since proxies derive from it.</summary>
public class PausingProxy : DispatchProxy
{
    private static readonly MethodInfo AnswerThenSignal = typeof(PausingProxy).GetMethod(nameof(AnswerThenSignalAsync), BindingFlags.Static | BindingFlags.NonPublic)!;

    internal object Inner { get; set; } = null!;

    internal IReadOnlyList<PausePoint> Points { get; set; } = [];

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var hit = Points.FirstOrDefault(p => p.Method == targetMethod && p.Hits(args ?? []));
        if (hit is { After: false })
            hit.Signal();
        var answer = targetMethod!.Invoke(Inner, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);
        if (hit is not { After: true })
            return answer;
        return targetMethod.ReturnType.IsGenericType
            ? AnswerThenSignal.MakeGenericMethod(targetMethod.ReturnType.GenericTypeArguments[0]).Invoke(null, [answer, hit])
            : EndThenSignalAsync((Task)answer!, hit);
    }

    private static async Task<T> AnswerThenSignalAsync<T>(Task<T> effect, PausePoint point)
    {
        var answer = await effect;
        point.Signal();
        return answer;
    }

    private static async Task EndThenSignalAsync(Task effect, PausePoint point)
    {
        await effect;
        point.Signal();
    }
}
