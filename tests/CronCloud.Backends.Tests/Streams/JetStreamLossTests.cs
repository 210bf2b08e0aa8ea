using System.Text;
using CronCloud.Backends.Streams;
using CronCloud.Core.Streams;
using CronCloud.TestServers;

namespace CronCloud.Backends.Tests.Streams;

/// <summary>A server that comes back with its readers' places and without its messages: it would hand out nothing until it had counted up to them again.</summary>
public sealed class JetStreamLossTests : IAsyncLifetime
{
    private const int Before = 20;

    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private NatsServer _server = null!;
    private JetStreamConnection _connection = null!;

    public async Task InitializeAsync()
    {
        _server = await NatsServer.StartAsync();
        _connection = await ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Executions_that_are_published_afterwards_come_to_the_workers()
    {
        var queue = new JetStreamExecutionQueue(_connection);
        await WorkAsync(queue);
        await LoseEndsAsync();

        await PublishAsync(queue.PublishAsync, "after");

        Assert.Equal(["after"], await ReadUntilAsync("after", PullOf(queue)));
        while (await queue.CountAsync(None) > 0)
            await Task.Yield();
        Assert.Null((await queue.ReadStateAsync(None)).Oldest);
    }

    [Fact]
    public async Task Executions_come_to_the_workers_when_only_a_new_node_can_see_that_some_were_lost()
    {
        await WorkAsync(new JetStreamExecutionQueue(_connection));
        await LoseEndsAsync();
        await _connection.DisposeAsync();

        _connection = await ConnectAsync();
        var queue = new JetStreamExecutionQueue(_connection);
        await PublishAsync(queue.PublishAsync, "after");

        Assert.Equal(["after"], await ReadUntilAsync("after", PullOf(queue)));
    }

    [Fact]
    public async Task Whoever_comes_first_after_a_loss_nothing_of_what_is_published_then_is_lost()
    {
        await using var another = await ConnectAsync();
        var (queue, others) = (new JetStreamExecutionQueue(_connection), new JetStreamExecutionQueue(another));
        await WorkAsync(queue);
        await LoseEndsAsync();
        string[] after = [.. Enumerable.Range(0, 50).Select(i => $"after {i}")];

        await Task.WhenAll(after.Select((body, i) => PublishAsync(i % 2 == 0 ? queue.PublishAsync : others.PublishAsync, body)));

        var read = new HashSet<string>();
        while (read.Count < after.Length)
            read.UnionWith(await ReadUntilAsync(after.Except(read).First(), PullOf(queue)));
        Assert.Equal(after.Order(), read.Order());
    }

    [Fact]
    public async Task The_second_loss_is_noticed_also_by_one_who_did_not_mend_the_first()
    {
        await using var another = await ConnectAsync();
        var (queue, others) = (new JetStreamExecutionQueue(_connection), new JetStreamExecutionQueue(another));
        await WorkAsync(queue);
        await LoseEndsAsync();
        await WorkAsync(others);
        await PublishAsync(queue.PublishAsync, "between");
        await ReadUntilAsync("between", PullOf(queue));
        await LoseEndsAsync();

        await PublishAsync(queue.PublishAsync, "after");

        await ReadUntilAsync("after", PullOf(queue));
    }

    /// <summary>
    /// The server sees to it itself where a reader had acknowledged all that is left, not where all of them wait for an old one: large ones put the end into another file than that.
    /// </summary>
    [Fact]
    public async Task Outcomes_that_are_published_afterwards_come_to_every_reader_and_what_one_of_them_still_wants_is_not_lost()
    {
        var outcomes = new JetStreamOutcomeStream(_connection);
        await PublishAsync(outcomes.PublishAsync, "all wait for it");
        await PublishAsync(outcomes.PublishAsync, "the settler waits for it");
        foreach (var i in Enumerable.Range(0, 100))
            await PublishAsync(outcomes.PublishAsync, $"large {i}".PadRight(100_000));
        await PublishAsync(outcomes.PublishAsync, "last");
        foreach (var reader in Enum.GetValues<OutcomeReader>())
            await ReadUntilAsync("last", PullOf(outcomes, reader), ["all wait for it", .. reader == OutcomeReader.Settler ? ["the settler waits for it"] : Array.Empty<string>()]);
        await LoseEndsAsync();

        await PublishAsync(outcomes.PublishAsync, "after");

        foreach (var reader in Enum.GetValues<OutcomeReader>())
            await ReadUntilAsync("after", PullOf(outcomes, reader), "all wait for it", "the settler waits for it");
        await ReadUntilAsync("the settler waits for it", PullOf(outcomes, OutcomeReader.Settler));
    }

    /// <summary>The server lets the numbers go on where the faster reader was: the stream does not show that the slower one lost something.</summary>
    [Fact]
    public async Task Outcomes_that_the_slower_reader_lost_are_told_again_when_the_queue_shows_the_loss()
    {
        var (queue, outcomes) = (new JetStreamExecutionQueue(_connection), new JetStreamOutcomeStream(_connection));
        await WorkAsync(queue);
        await PublishAsync(outcomes.PublishAsync, "before");
        await ReadUntilAsync("before", PullOf(outcomes, OutcomeReader.Settler));
        while (await outcomes.CountAsync(OutcomeReader.Settler, None) > 0)
            await Task.Yield();
        await LoseEndsAsync();

        await PublishAsync(queue.PublishAsync, "after");
        await PublishAsync(outcomes.PublishAsync, "after");

        await ReadUntilAsync("before", PullOf(outcomes, OutcomeReader.History));
    }

    private static async Task WorkAsync(JetStreamExecutionQueue queue)
    {
        foreach (var i in Enumerable.Range(0, Before))
            await PublishAsync(queue.PublishAsync, $"{Guid.NewGuid()}");
        await PublishAsync(queue.PublishAsync, "last");
        await ReadUntilAsync("last", PullOf(queue));
        while (await queue.CountAsync(None) > 0)
            await Task.Yield();
    }

    private async Task<JetStreamConnection> ConnectAsync()
    {
        var connection = new JetStreamConnection(_server.ConnectionString);
        await connection.OpenAsync(None);
        return connection;
    }

    private async Task LoseEndsAsync()
    {
        await _server.StopAsync();
        _server.LoseEnds();
        await _server.RestartAsync();
    }

    /// <summary>Until the stream says that it has it: the connection was broken.</summary>
    private static async Task PublishAsync(Func<IReadOnlyList<StreamMessage>, CancellationToken, Task<IReadOnlyList<bool>>> publish, string body)
    {
        while (!(await publish([new StreamMessage(body.Trim(), 17, Encoding.UTF8.GetBytes(body))], None))[0])
            await Task.Yield();
    }

    private static Func<int, Task<IReadOnlyList<Delivery>>> PullOf(JetStreamExecutionQueue queue) => max => queue.PullAsync(max, Patience, None);

    private static Func<int, Task<IReadOnlyList<Delivery>>> PullOf(JetStreamOutcomeStream outcomes, OutcomeReader reader) => max => outcomes.PullAsync(reader, max, Patience, None);

    /// <summary>What came, until this one did; all of it is acknowledged, but for these.</summary>
    private static async Task<List<string>> ReadUntilAsync(string last, Func<int, Task<IReadOnlyList<Delivery>>> pull, params string[] but)
    {
        var read = new List<string>();
        while (!read.Contains(last))
        {
            var deliveries = (await pull(100)).ToLookup(delivery => Encoding.UTF8.GetString(delivery.Body.Span).Trim());
            Assert.True(deliveries.Count > 0, $"{last} did not come, only: {string.Join(", ", read)}");
            read.AddRange(deliveries.Select(delivery => delivery.Key));
            await deliveries.ExceptBy(but, delivery => delivery.Key).SelectMany(delivery => delivery).AcknowledgeAsync(None);
        }

        return read;
    }
}
