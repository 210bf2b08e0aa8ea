using System.Text.Json.Serialization;

namespace CronCloud.Gateway.Api;

/// <summary>A part of a list.</summary>
internal sealed record PageAnswer(IEnumerable<object> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);
