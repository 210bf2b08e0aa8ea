using System.Globalization;
using CronCloud.Core.Alerts;
using CronCloud.Core.Executions;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Core.Streams;
using CronCloud.Engine.Alerts;
using CronCloud.Engine.Jobs;
using CronCloud.Engine.Loops;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Alerts;

/// <summary>Jobs whose outcomes a test tells, the reader and the notifier of one or more nodes, and channels that keep what they were sent.</summary>
internal sealed class AlertBench(Pipeline pipeline) : IAsyncDisposable
{
    private int _published;

    public Pipeline Pipeline => pipeline;

    public MemoryChannels Channels { get; } = new();

    public RecordingSender Sender { get; } = new();

    public DateTimeOffset Now => pipeline.Time.GetUtcNow();

    public static async Task<AlertBench> OpenAsync()
    {
        var bench = new AlertBench(await Pipeline.OpenAsync());
        bench.Channels.Add("ops");
        return bench;
    }

    public IncidentReader NewReader(IIncidentStore? incidents = null) => new(pipeline.Outcomes, incidents ?? pipeline.Incidents, () => $"inc-{Guid.NewGuid():N}", pipeline.Time, NullLogger<IncidentReader>.Instance);

    public IncidentClosing NewClosing() => new(pipeline.Incidents, pipeline.Time, NullLogger<IncidentClosing>.Instance);

    public Notifier NewNotifier(INotificationStore? notifications = null)
    {
        var store = notifications ?? pipeline.Notifications;
        return new Notifier(
            new Addresser(store, pipeline.Jobs, pipeline.Incidents, pipeline.DeadLetters, NewClosing(), pipeline.Time, NullLogger<Addresser>.Instance),
            new Composer(store, Channels, pipeline.Time, NullLogger<Composer>.Instance));
    }

    public Courier NewCourier(ChannelKind kind = ChannelKind.Webhook, INotificationStore? notifications = null, IChannelSender? sender = null) =>
        new(kind, notifications ?? pipeline.Notifications, Channels, [sender ?? Sender], pipeline.Time, NullLogger<Courier>.Instance);

    /// <summary>A job with a channel, unless the policy says otherwise.</summary>
    public Task WriteJobAsync(string id = "job", AlertPolicy? alerts = null, string url = "https://example.com/hook", ScheduleSpec? schedule = null) => pipeline.Book.ChangeAsync(
        new ChangeJob
        {
            Tenant = "t",
            Id = id,
            Action = JobAction.Put,
            By = "test",
            Definition = new JobDefinition { Schedule = schedule ?? new ScheduleSpec { Cron = "* * * * *" }, Target = new Target { Http = new HttpTarget { Url = url } }, Alerts = alerts ?? new AlertPolicy { Channels = ["ops"] } },
        },
        Pipeline.None);

    public Task ChangeJobAsync(JobAction action, string id = "job") => pipeline.Book.ChangeAsync(new ChangeJob { Tenant = "t", Id = id, Action = action, By = "test" }, Pipeline.None);

    public Outcome Failed(string id = "job", string url = "https://example.com/hook") => OutcomeOf(id, AttemptResult.Failed, url) with { Error = "answered 500", IsFinal = true };

    public Outcome Succeeded(string id = "job") => OutcomeOf(id, AttemptResult.Succeeded, "https://example.com/hook");

    /// <summary>Publishes outcomes, and lets a reader read them.</summary>
    public async Task TellAsync(params Outcome[] outcomes)
    {
        await PublishAsync(outcomes);
        await NewReader().RunOnceAsync(Pipeline.None);
    }

    public Task PublishAsync(params Outcome[] outcomes) => pipeline.Outcomes.PublishAsync([.. outcomes.Select(o => new StreamMessage(Next(), 17, o.ToJson()))], Pipeline.None);

    /// <summary>Lets time pass second by second, and the notifier and the couriers run as their actors would.</summary>
    public async Task PassAsync(TimeSpan time, TimeSpan? step = null)
    {
        var until = Now + time;
        do
        {
            pipeline.Time.Advance(step ?? TimeSpan.FromSeconds(1));
            await NotifyAsync();
        }
        while (Now < until);
    }

    /// <summary>What is due is told, until there is nothing to do now.</summary>
    public async Task NotifyAsync(INotificationStore? notifications = null)
    {
        ILoop[] loops = [NewNotifier(notifications), .. Enum.GetValues<ChannelKind>().Select(kind => NewCourier(kind, notifications))];
        foreach (var loop in loops)
        {
            while (await loop.RunOnceAsync(Pipeline.None) == TimeSpan.Zero)
            {
            }
        }
    }

    public async Task<Incident> IncidentAsync(string id = "job") => (await pipeline.Incidents.ListAsync(new IncidentQuery { Tenant = "t", JobId = id }, Pipeline.None)).Items[0];

    public async Task AcknowledgeAsync() => Assert.True(await pipeline.Incidents.WriteAsync(IncidentChange.Acknowledged(await IncidentAsync(), "me", Now)!, Pipeline.None));

    public async Task<IEnumerable<IncidentEventKind>> EventsAsync(string id = "job") => (await pipeline.Incidents.ReadEventsAsync("t", (await IncidentAsync(id)).Id, Pipeline.None)).Select(e => e.Kind);

    public ValueTask DisposeAsync() => pipeline.DisposeAsync();

    private Outcome OutcomeOf(string id, AttemptResult result, string url) => new()
    {
        Execution = new Execution
        {
            Tenant = "t",
            JobId = id,
            JobVersion = 1,
            ExecutionId = ExecutionId.Of(id, Now),
            ScheduledAt = Now,
            Trigger = Trigger.Schedule,
            Attempt = 1,
            Target = new Target { Http = new HttpTarget { Url = url } },
            Retry = RetryPolicy.Default,
            TraceParent = TraceParent.New(),
        },
        Result = result,
        StartedAt = Now,
        DurationMs = 0,
        Node = "node",
    };

    private string Next() => (++_published).ToString(CultureInfo.InvariantCulture);
}

/// <summary>Channels of the tenant "t".</summary>
internal sealed class MemoryChannels : IChannelStore
{
    private readonly Dictionary<string, Channel> _channels = [];

    public void Add(string id) => _channels[id] = new Channel { Tenant = "t", Id = id, Webhook = new WebhookChannel { Url = new Uri($"https://{id}.example.com") }, Version = 1, CreatedAt = Pipeline.Start, UpdatedAt = Pipeline.Start };

    public void AddEmail(string id, params string[] to) => _channels[id] = new Channel { Tenant = "t", Id = id, Email = new EmailChannel { To = to }, Version = 1, CreatedAt = Pipeline.Start, UpdatedAt = Pipeline.Start };

    public void Remove(string id) => _channels.Remove(id);

    public Task<Channel?> FindAsync(string tenant, string id, CancellationToken cancellation) => Task.FromResult(_channels.GetValueOrDefault(id));

    public Task<bool> WriteAsync(Channel channel, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<bool> RemoveAsync(Channel seen, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Core.Page<Channel>> ListAsync(string tenant, int limit, string? cursor, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>Keeps what it was sent; fails before it, or after it, when told to.</summary>
internal sealed class RecordingSender : IChannelSender
{
    public List<(string Channel, AlertMessage Message)> Sent { get; } = [];

    public IEnumerable<AlertMessage> Messages => Sent.Select(s => s.Message);

    public bool IsAway { get; set; }

    public bool BreaksAfter { get; set; }

    /// <summary>It takes the message and does not come back, whatever is cancelled.</summary>
    public bool Hangs { get; set; }

    public bool Takes(Channel channel) => channel.Webhook is not null;

    public Task SendAsync(Channel channel, AlertMessage message, CancellationToken cancellation)
    {
        if (IsAway)
            throw new IOException("the channel is away");
        lock (Sent)
            Sent.Add((channel.Id, message));
        return Hangs ? new TaskCompletionSource().Task : BreaksAfter ? throw new IOException("the connection broke") : Task.CompletedTask;
    }
}
