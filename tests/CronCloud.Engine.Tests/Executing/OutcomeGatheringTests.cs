using CronCloud.Core.Streams;
using CronCloud.Engine.Executing;

namespace CronCloud.Engine.Tests.Executing;

public sealed class OutcomeGatheringTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly SlowStream _stream = new();
    private readonly OutcomeGathering _gathering;

    public OutcomeGatheringTests() => _gathering = new OutcomeGathering(_stream);

    [Fact]
    public async Task An_outcome_that_is_alone_goes_at_once_and_what_ends_meanwhile_goes_together()
    {
        var first = _gathering.PublishAsync(Outcome("a"), None);
        var others = new[] { _gathering.PublishAsync(Outcome("b"), None), _gathering.PublishAsync(Outcome("c"), None) };
        Assert.Equal(["a"], await _stream.PublishedAsync());

        _stream.Answer(true);
        Assert.True(await first);
        Assert.Equal(["b", "c"], await _stream.PublishedAsync());
        Assert.DoesNotContain(others, other => other.IsCompleted);

        _stream.Answer(true, false);
        bool[] published = await Task.WhenAll(others);
        Assert.Equal([true, false], published);
    }

    [Fact]
    public async Task A_publication_that_fails_fails_for_all_in_it_and_for_no_other()
    {
        var first = _gathering.PublishAsync(Outcome("a"), None);
        var second = _gathering.PublishAsync(Outcome("b"), None);
        Assert.Equal(["a"], await _stream.PublishedAsync());

        _stream.Fail(new IOException("away"));
        await Assert.ThrowsAsync<IOException>(() => first);
        Assert.Equal(["b"], await _stream.PublishedAsync());

        _stream.Answer(true);
        Assert.True(await second);
    }

    [Fact]
    public async Task After_a_pause_the_next_goes_at_once_again()
    {
        var first = _gathering.PublishAsync(Outcome("a"), None);
        await _stream.PublishedAsync();
        _stream.Answer(true);
        Assert.True(await first);

        var second = _gathering.PublishAsync(Outcome("b"), None);
        Assert.Equal(["b"], await _stream.PublishedAsync());
        _stream.Answer(true);
        Assert.True(await second);
    }

    private static StreamMessage Outcome(string id) => new(id, 0, default);

    /// <summary>Answers a publication when it is told to.</summary>
    private sealed class SlowStream : IOutcomeStream
    {
        private readonly SemaphoreSlim _came = new(0);
        private IReadOnlyList<StreamMessage> _messages = [];
        private TaskCompletionSource<IReadOnlyList<bool>> _answer = new();

        public async Task<IEnumerable<string>> PublishedAsync()
        {
            Assert.True(await _came.WaitAsync(TimeSpan.FromSeconds(10)));
            return _messages.Select(message => message.Id);
        }

        public void Answer(params bool[] published) => Renew().SetResult(published);

        public void Fail(Exception failure) => Renew().SetException(failure);

        public Task<IReadOnlyList<bool>> PublishAsync(IReadOnlyList<StreamMessage> messages, CancellationToken cancellation)
        {
            _messages = messages;
            _came.Release();
            return _answer.Task;
        }

        public Task<IReadOnlyList<Delivery>> PullAsync(OutcomeReader reader, int max, TimeSpan wait, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<long> CountAsync(OutcomeReader reader, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<DateTimeOffset?> ReadOldestAsync(OutcomeReader reader, CancellationToken cancellation) => throw new NotSupportedException();

        private TaskCompletionSource<IReadOnlyList<bool>> Renew()
        {
            var answered = _answer;
            _answer = new TaskCompletionSource<IReadOnlyList<bool>>(TaskCreationOptions.RunContinuationsAsynchronously);
            return answered;
        }
    }
}
