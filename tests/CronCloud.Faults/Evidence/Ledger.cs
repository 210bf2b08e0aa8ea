using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CronCloud.Faults.Evidence;

/// <summary>Reads the sink's ledger as it grows. A line that is not whole yet is read the next time.</summary>
public sealed class Ledger(string path)
{
    private readonly Dictionary<long, Delivery> _deliveries = [];
    private long _read;

    /// <summary>Every request so far, in the order of arrival.</summary>
    public IReadOnlyList<Delivery> Read()
    {
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        file.Position = _read;
        var bytes = new byte[file.Length - _read];
        file.ReadExactly(bytes);
        var whole = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        foreach (var line in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Take(line);
        _read += whole;
        return [.. _deliveries.Values.OrderBy(d => d.Number)];
    }

    private void Take(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        var number = root.GetProperty("number").GetInt64();
        var at = DateTimeOffset.UnixEpoch.AddTicks(root.GetProperty("atUs").GetInt64() * TimeSpan.TicksPerMicrosecond);
        _deliveries[number] = root.GetProperty("kind").GetString() == "end"
            ? _deliveries[number] with { EndedAt = at, Cut = root.GetProperty("cut").GetBoolean() }
            : new Delivery
            {
                Number = number,
                At = at,
                Path = Text("path"),
                Job = Text("job"),
                Execution = Text("execution"),
                ScheduledAt = DateTimeOffset.TryParse(Text("scheduledAt"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var due) ? due : DateTimeOffset.MaxValue,
                Key = Text("key"),
                Attempt = root.GetProperty("attempt").GetInt32(),
                Answer = root.GetProperty("answer").GetInt32(),
            };

        string Text(string name) => root.GetProperty(name).GetString() ?? "";
    }
}
