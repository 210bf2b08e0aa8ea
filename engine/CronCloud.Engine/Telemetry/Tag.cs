namespace CronCloud.Engine.Telemetry;

/// <summary>Tags that are made once and used for every measurement.</summary>
internal static class Tag
{
    /// <summary>A tag per value of an enum, by its number (from 0, without gaps), in the spelling that the API has.</summary>
    public static KeyValuePair<string, object?>[] PerValueOf<T>(string name)
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(value => Of(name, char.ToLowerInvariant(value[0]) + value[1..]))];

    public static KeyValuePair<string, object?> Of(string name, string value) => new(name, value);
}
