using System.Text.Json;
using Akka.Actor;
using CronCloud.Core.Jobs;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Jobs;

namespace CronCloud.Engine.Tests.Jobs;

/// <summary>Manifests are a contract between nodes of two versions.</summary>
public sealed class JobMessageSerializerTests : IAsyncLifetime
{
    private ActorSystem _system = null!;

    public Task InitializeAsync()
    {
        _system = ActorSystem.Create("serializer");
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => _system.Terminate();

    public static TheoryData<string, object> Messages => new()
    {
        { "change", new ChangeJob { Tenant = "t", Id = "a", Action = JobAction.Put, By = "api", IfVersion = 3, IfNew = true, IfExists = true, State = JobState.Paused, Definition = Definition } },
        { "trigger", new TriggerJob { Tenant = "t", Id = "a", Payload = JsonSerializer.SerializeToElement(new { k = 1 }) } },
        { "reply", new JobReply { Job = new JobView("t", "a", Definition, JobState.Active, 3, Pipeline.Start, Pipeline.Start, true) } },
        { "reply", JobReply.Refuse(RefusalCode.VersionConflict, "no") },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_arrives_as_it_was_sent(string manifest, object message)
    {
        var serializer = new JobMessageSerializer((ExtendedActorSystem)_system);

        Assert.Equal(manifest, serializer.Manifest(message));
        var bytes = serializer.ToBinary(message);
        var arrived = serializer.FromBinary(bytes, manifest);
        Assert.Equal(bytes, serializer.ToBinary(arrived));
        Assert.Equal(message.GetType(), arrived.GetType());
    }

    [Fact]
    public void An_unknown_message_is_refused()
    {
        var serializer = new JobMessageSerializer((ExtendedActorSystem)_system);

        Assert.Throws<ArgumentException>(() => serializer.FromBinary([], "something else"));
        Assert.Throws<ArgumentException>(() => serializer.Manifest("text"));
    }

    private static JobDefinition Definition => new()
    {
        Description = "d",
        Tags = new Dictionary<string, string> { ["a"] = "b" },
        Schedule = new ScheduleSpec { Cron = "0 3 * * *", TimeZone = "Europe/London" },
        Target = new Target { Http = new HttpTarget { Url = "https://example.com", Body = JsonSerializer.SerializeToElement(new { x = 1 }) } },
    };
}
