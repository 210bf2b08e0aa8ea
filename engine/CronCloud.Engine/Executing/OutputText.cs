using System.Text;

namespace CronCloud.Engine.Executing;

/// <summary>Bytes of an answer as text to keep.</summary>
internal static class OutputText
{
    /// <summary>Invalid UTF-8 reads as U+FFFD, a character cut in two at the end is left out, and NUL (which stores refuse) reads as U+FFFD.</summary>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var whole = bytes.Length;
        while (whole > 0 && bytes.Length - whole < 3 && (bytes[whole - 1] & 0xC0) == 0x80)
            whole--;
        if (whole > 0 && bytes[whole - 1] >= 0xC0 && whole - 1 + Length(bytes[whole - 1]) > bytes.Length)
            bytes = bytes[..(whole - 1)];
        return Encoding.UTF8.GetString(bytes).Replace('\0', '\uFFFD');
    }

    private static int Length(byte lead) => lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
}
