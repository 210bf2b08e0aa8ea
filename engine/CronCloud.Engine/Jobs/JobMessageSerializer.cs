using System.Text.Json;
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

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType(), CoreJson.Options);

    public override object FromBinary(byte[] bytes, string manifest) => manifest switch
    {
        "change" => Read<ChangeJob>(bytes),
        "trigger" => Read<TriggerJob>(bytes),
        "reply" => Read<JobReply>(bytes),
        _ => throw new ArgumentException($"'{manifest}' is no manifest of a message of jobs.", nameof(manifest)),
    };

    private static T Read<T>(byte[] bytes)
        where T : class => JsonSerializer.Deserialize<T>(bytes, CoreJson.Options) ?? throw new JsonException("A message of jobs must not be null.");
}
