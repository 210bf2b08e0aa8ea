using CronCloud.Engine.Loops;

namespace CronCloud.Engine.Tests.Loops;

public sealed class GatheringTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly SlowServer _server = new();
    private readonly Gathering<string, bool> _gathering;

    public GatheringTests() => _gathering = new Gathering<string, bool>(_server.CallAsync, most: 2);

    [Fact]
    public async Task Who_is_alone_goes_at_once_and_who_comes_meanwhile_goes_together()
    {
        var first = _gathering.AddAsync("a", None);
        var others = new[] { _gathering.AddAsync("b", None), _gathering.AddAsync("c", None) };
        Assert.Equal(["a"], await _server.CalledAsync());

        _server.Answer(true);
        Assert.True(await first);
        Assert.Equal(["b", "c"], await _server.CalledAsync());
        Assert.DoesNotContain(others, other => other.IsCompleted);

        _server.Answer(true, false);
        bool[] answers = await Task.WhenAll(others);
        Assert.Equal([true, false], answers);
    }

    [Fact]
    public async Task A_call_that_fails_fails_for_all_in_it_and_for_no_other()
    {
        var first = _gathering.AddAsync("a", None);
        var second = _gathering.AddAsync("b", None);
        Assert.Equal(["a"], await _server.CalledAsync());

        _server.Fail(new IOException("away"));
        await Assert.ThrowsAsync<IOException>(() => first);
        Assert.Equal(["b"], await _server.CalledAsync());

        _server.Answer(true);
        Assert.True(await second);
    }

    [Fact]
    public async Task After_a_pause_the_next_goes_at_once_again()
    {
        var first = _gathering.AddAsync("a", None);
        await _server.CalledAsync();
        _server.Answer(true);
        Assert.True(await first);

        var second = _gathering.AddAsync("b", None);
        Assert.Equal(["b"], await _server.CalledAsync());
        _server.Answer(true);
        Assert.True(await second);
    }

    [Fact]
    public async Task More_than_the_most_take_several_calls()
    {
        var all = "abcd".Select(item => _gathering.AddAsync(item.ToString(), None)).ToList();
        Assert.Equal(["a"], await _server.CalledAsync());
        _server.Answer(true);
        Assert.Equal(["b", "c"], await _server.CalledAsync());
        _server.Answer(true, true);
        Assert.Equal(["d"], await _server.CalledAsync());
        _server.Answer(false);
        bool[] answers = await Task.WhenAll(all);
        Assert.Equal([true, true, true, false], answers);
    }

    /// <summary>Answers a call when it is told to.</summary>
    private sealed class SlowServer
    {
        private readonly SemaphoreSlim _came = new(0);
        private IReadOnlyList<string> _items = [];
        private TaskCompletionSource<IReadOnlyList<bool>> _answer = new();

        public Task<IReadOnlyList<bool>> CallAsync(IReadOnlyList<string> items, CancellationToken cancellation)
        {
            _items = items;
            _came.Release();
            return _answer.Task;
        }

        public async Task<IEnumerable<string>> CalledAsync()
        {
            Assert.True(await _came.WaitAsync(TimeSpan.FromSeconds(10)));
            return _items;
        }

        public void Answer(params bool[] answers) => Renew().SetResult(answers);

        public void Fail(Exception failure) => Renew().SetException(failure);

        private TaskCompletionSource<IReadOnlyList<bool>> Renew()
        {
            var answered = _answer;
            _answer = new TaskCompletionSource<IReadOnlyList<bool>>(TaskCreationOptions.RunContinuationsAsynchronously);
            return answered;
        }
    }
}
