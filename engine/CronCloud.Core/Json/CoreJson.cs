using System.Text.Json;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;

namespace CronCloud.Core.Json;

/// <summary>The one JSON form of the domain's records: in the API, in SQL, in the due index and on the streams.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 32,
    Converters = [typeof(DurationConverter), typeof(InstantConverter)])]
[JsonSerializable(typeof(JobDefinition))]
[JsonSerializable(typeof(DueItem))]
[JsonSerializable(typeof(Execution))]
[JsonSerializable(typeof(Outcome))]
public sealed partial class CoreJson : JsonSerializerContext;
