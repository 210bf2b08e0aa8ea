using System.Globalization;
using CronCloud.Core.Schedules;

namespace CronCloud.Node.Hosting;

/// <summary>Reads the values of a section. What is wrong is a <see cref="SettingException"/> that names the setting and says what must hold, and never repeats the value: it may be a secret.</summary>
internal sealed class SettingsSection(IConfigurationSection section, string name)
{
    public bool IsEmpty => section.GetChildren().All(child => string.IsNullOrEmpty(child.Value));

    /// <summary>Null when it is not set, or empty.</summary>
    public string? this[string key] => section[key] is { Length: > 0 } value ? value : null;

    public void Allow(params string[] keys)
    {
        if (section.GetChildren().FirstOrDefault(child => !keys.Contains(child.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            throw new SettingException($"{name}__{unknown.Key} is no setting. There are: {string.Join(", ", keys)}.");
    }

    public SettingException Wrong(string key, string message) => new($"{name}__{key} {message}.");

    public string Required(string key) => this[key] ?? throw Wrong(key, "is missing");

    public int Number(string key, int standard, int least, int most)
    {
        if (this[key] is not { } text)
            return standard;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : throw Wrong(key, $"must be {least} to {most}");
    }

    public bool Flag(string key)
    {
        if (this[key] is not { } text)
            return false;
        return bool.TryParse(text, out var flag) ? flag : throw Wrong(key, "must be true or false");
    }

    public T Word<T>(string key, T standard)
        where T : struct, Enum
    {
        if (this[key] is not { } text)
            return standard;
        var words = Enum.GetNames<T>();
        return words.FirstOrDefault(word => word.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } known ? Enum.Parse<T>(known) : throw Wrong(key, $"must be one of {string.Join(", ", words.Select(word => word.ToLowerInvariant()))}");
    }

    public TimeSpan Duration(string key, TimeSpan standard, TimeSpan least, TimeSpan most)
    {
        if (this[key] is not { } text)
            return standard;
        return Durations.TryParse(text, out var duration) && duration >= least && duration <= most ? duration : throw Wrong(key, $"must be {Durations.Format(least)} to {Durations.Format(most)}");
    }

    public Uri Url(string key, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw Wrong(key, "must be an absolute http or https URL");
}
