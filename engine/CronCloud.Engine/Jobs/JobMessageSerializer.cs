using System.Text.Json;
using System.Text.Json.Serialization;
using Akka.Actor;
using Akka.Serialization;
using CronCloud.Core.Json;

namespace CronCloud.Engine.Jobs;

/// <summary>The messages of jobs between nodes, as JSON. Manifests are fixed: nodes of two versions talk during a deployment.</summary>
public sealed class JobMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public static readonly Type[] Types = [typeof(ChangeJob), typeof(TriggerJob), typeof(JobReply)];

    public override int Identifier => 4201;

    public override string Manifest(object o) => o switch
    {
        ChangeJob => "change",
        TriggerJob => "trigger",
        JobReply => "reply",
        _ => throw new ArgumentException($"{o.GetType()} is no message of jobs.", nameof(o)),
    };

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, JobMessageJson.Default.GetTypeInfo(obj.GetType())
        ?? throw new ArgumentException($"{obj.GetType()} is no message of jobs.", nameof(obj)));

    public override object FromBinary(byte[] bytes, string manifest) => manifest switch
    {
        "change" => Read(bytes, JobMessageJson.Default.ChangeJob),
        "trigger" => Read(bytes, JobMessageJson.Default.TriggerJob),
        "reply" => Read(bytes, JobMessageJson.Default.JobReply),
        _ => throw new ArgumentException($"'{manifest}' is no manifest of a message of jobs.", nameof(manifest)),
    };

    private static T Read<T>(byte[] bytes, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("A message of jobs must not be null.");
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    MaxDepth = 48,
    Converters = [typeof(DurationConverter), typeof(InstantConverter)])]
[JsonSerializable(typeof(ChangeJob))]
[JsonSerializable(typeof(TriggerJob))]
[JsonSerializable(typeof(JobReply))]
internal sealed partial class JobMessageJson : JsonSerializerContext;
