using System.Globalization;

namespace CronCloud.LoadSink;

/// <summary>
/// What a path says about its answer: <c>/ok/…</c>, <c>/status/503/…</c>, <c>/failing/20/…</c> (503 for so many of a thousand of all such requests,
/// evenly spread; an attempt after one that failed is a request like any other); what follows is the name of the job.
/// </summary>
internal static class Answer
{
    private static long _scripted;

    public static int StatusOf(ReadOnlySpan<char> path, out ReadOnlySpan<char> job)
    {
        job = AfterSlash(path[1..], out var script);
        if (script.SequenceEqual("ok"))
            return StatusCodes.Status200OK;
        job = AfterSlash(job, out var number);
        if (!script.SequenceEqual("status") && !script.SequenceEqual("failing") || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            return StatusCodes.Status404NotFound;
        return script.SequenceEqual("status") ? value : Failing(value) ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
    }

    private static bool Failing(int ofThousand)
    {
        var number = Interlocked.Increment(ref _scripted);
        return number * ofThousand / 1_000 != (number - 1) * ofThousand / 1_000;
    }

    private static ReadOnlySpan<char> AfterSlash(ReadOnlySpan<char> path, out ReadOnlySpan<char> first)
    {
        var slash = path.IndexOf('/');
        first = slash < 0 ? path : path[..slash];
        return slash < 0 ? [] : path[(slash + 1)..];
    }
}
