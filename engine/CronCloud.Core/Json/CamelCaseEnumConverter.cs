using System.Text.Json;

namespace CronCloud.Core.Json;

/// <summary>Enums as camelCase words, never as numbers.</summary>
public sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
