using System.Diagnostics;
using System.Globalization;

namespace CronCloud.Sink;

/// <summary>A request as it arrived, before it was answered.</summary>
internal sealed record ArrivalLine
{
    public string Kind => "arrived";

    /// <summary>Counts requests from 1; the end of the answer carries the same number.</summary>
    public required long Number { get; init; }

    /// <summary>Microseconds of the wall clock since 1970.</summary>
    public long AtUs { get; } = LedgerClock.WallUs();

    /// <summary>Microseconds of a clock that never jumps; comparable within one run of the sink.</summary>
    public long MonotonicUs { get; } = LedgerClock.MonotonicUs();

    public required string Path { get; init; }

    public required string? Job { get; init; }

    public required string? Execution { get; init; }

    public required string? ScheduledAt { get; init; }

    public required string? Key { get; init; }

    public required int Attempt { get; init; }

    /// <summary>The status that it will be answered with; 0 when it gets no answer.</summary>
    public required int Answer { get; init; }

    public static ArrivalLine Of(long number, HttpRequest request, Func<string?, int> answer)
    {
        var execution = Header(request, "CronCloud-Execution");
        return new ArrivalLine
        {
            Number = number,
            Path = request.Path.Value ?? "",
            Job = Header(request, "CronCloud-Job"),
            Execution = execution,
            ScheduledAt = Header(request, "CronCloud-Scheduled-At"),
            Key = Header(request, "Idempotency-Key"),
            Attempt = int.TryParse(Header(request, "CronCloud-Attempt"), NumberStyles.None, CultureInfo.InvariantCulture, out var attempt) ? attempt : 0,
            Answer = answer(execution),
        };
    }

    private static string? Header(HttpRequest request, string name) => request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;
}

/// <summary>The answer is about to be on its way; cut when the caller went away before.</summary>
internal sealed record EndLine(long Number, bool Cut)
{
    public string Kind => "end";

    public long AtUs { get; } = LedgerClock.WallUs();

    public long MonotonicUs { get; } = LedgerClock.MonotonicUs();
}

internal static class LedgerClock
{
    public static long WallUs() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public static long MonotonicUs() => (long)(Stopwatch.GetTimestamp() * (1_000_000.0 / Stopwatch.Frequency));
}
