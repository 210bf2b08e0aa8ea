using System.Globalization;
using CronCloud.Core.Jobs;
using CronCloud.Core.Json;

namespace CronCloud.Gateway.Http;

/// <summary>Reads the query string: known names only, each value checked; faults are collected by parameter.</summary>
internal sealed class ListParameters
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 500;

    private readonly IQueryCollection _query;
    private readonly List<Fault> _faults = [];

    public ListParameters(HttpRequest request, params string[] known)
    {
        _query = request.Query;
        foreach (var name in _query.Keys.Where(name => !known.Contains(name)))
            _faults.Add(new Fault("?" + name, $"is no parameter here; there are {string.Join(", ", known)}"));
        foreach (var (name, _) in _query.Where(p => p.Value.Any(value => value?.Any(char.IsControl) == true)))
            _faults.Add(new Fault("?" + name, "must not have control characters"));
    }

    public IResult? Refusal => _faults.Count > 0 ? Problem.Invalid(_faults) : null;

    /// <summary>A parameter that is refused beside the others.</summary>
    public void Refuse(string name, string message) => _faults.Add(new Fault("?" + name, message));

    public string? Text(string name) => _query[name] is [{ Length: > 0 } value, ..] ? value : null;

    public int Limit(string name = "limit", int standard = DefaultLimit, int most = MaxLimit)
    {
        if (Text(name) is not { } text)
            return standard;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= most)
            return limit;
        _faults.Add(new Fault("?" + name, $"must be 1 to {most}"));
        return standard;
    }

    public DateTimeOffset? Instant(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (Instants.TryParse(text, out var value))
            return value;
        _faults.Add(new Fault("?" + name, "must be an instant such as 2026-12-01T03:00:00Z"));
        return null;
    }

    /// <summary>When a day begins, in UTC.</summary>
    public DateTimeOffset? Day(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        _faults.Add(new Fault("?" + name, "must be a day such as 2026-12-01"));
        return null;
    }

    public T? Word<T>(string name, params T[] except)
        where T : struct, Enum
    {
        if (Text(name) is not { } text)
            return null;
        var words = Enum.GetValues<T>().Except(except).ToDictionary(v => char.ToLowerInvariant(v.ToString()[0]) + v.ToString()[1..]);
        if (words.TryGetValue(text, out var value))
            return value;
        _faults.Add(new Fault("?" + name, $"must be one of {string.Join(", ", words.Keys)}"));
        return null;
    }

    /// <summary>A cursor that the list gave out, which is one that it can read.</summary>
    public string? Cursor<T>(Func<string, T> read)
    {
        if (Text("cursor") is not { } text)
            return null;
        try
        {
            read(text);
            return text;
        }
        catch (FormatException notOurs)
        {
            _faults.Add(new Fault("?cursor", notOurs.Message));
            return null;
        }
    }

    public IReadOnlyList<KeyValuePair<string, string>> Tags()
    {
        var tags = new List<KeyValuePair<string, string>>();
        foreach (var text in _query["tag"].OfType<string>())
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
                tags.Add(new(text[..colon], text[(colon + 1)..]));
            else
                _faults.Add(new Fault("?tag", "must be name:value"));
        }

        return tags;
    }
}
