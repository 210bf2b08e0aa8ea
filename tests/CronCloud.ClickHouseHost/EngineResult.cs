using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace CronCloud.ClickHouseHost;

sealed record EngineResult(byte[] Body, ulong RowsRead, ulong BytesRead, ulong RowsWritten);

/// <summary>An error in the engine's own words: “Code: 60. DB::Exception: …”.</summary>
sealed partial class EngineException(string message) : Exception(message)
{
    public int Code => CodePattern().Match(Message) is { Success: true } match ? int.Parse(match.Groups[1].Value) : 1002;

    /// <summary>The status that ClickHouse gives the code.</summary>
    public int Status => Code switch
    {
        60 or 81 or 36 => StatusCodes.Status404NotFound,
        62 or 457 or 6 or 27 or 53 or 43 or 47 or 46 or 115 => StatusCodes.Status400BadRequest,
        497 or 516 => StatusCodes.Status403Forbidden,
        _ => StatusCodes.Status500InternalServerError,
    };

    public static unsafe void ThrowIf(byte* error)
    {
        if (error is not null && *error != 0) throw new EngineException(Marshal.PtrToStringUTF8((nint)error)!);
    }

    [GeneratedRegex(@"Code: (\d+)")]
    private static partial Regex CodePattern();
}
