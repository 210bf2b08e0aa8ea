using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text;
using CronCloud.Backends.DueIndex;
using CronCloud.Core;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Jobs;
using CronCloud.Gateway.Api;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Tests;

/// <summary>Batches of lines that are recorded side by side.</summary>
public sealed class JobImportRunTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>In so long a batch that waits for nobody is read, and begun.</summary>
    private static readonly TimeSpan TooEarly = TimeSpan.FromMilliseconds(300);

    private readonly HeldStore _store = new();
    private readonly Pipe _body = new();
    private readonly Pipe _answer = new();
    private readonly JobImport _import;
    private readonly JobImportRun _run;
    private readonly Task _running;

    public JobImportRunTests()
    {
        _import = new JobImport(_store, new MemoryDueIndex(), TimeProvider.System);
        _run = new JobImportRun(_import, "t", nonce: null, TimeProvider.System, _ => { });
        _running = _run.RunAsync(new LineReader(_body.Reader, TimeProvider.System), _answer.Writer, CancellationToken.None);
    }

    [Fact]
    public async Task A_batch_is_recorded_beside_the_one_before_it_and_answered_after_it()
    {
        await SendAsync("a", 1);
        await _store.BeginsAsync("a 1");
        await SendAsync("b", 1);
        await _store.BeginsAsync("b 1");
        _store.Release("b 1");
        await _store.EndsAsync("b 1");
        _store.Release("a 1");

        Assert.Equal([("a", "created"), ("b", "created")], await AnswersAsync());
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b", "a")]
    public async Task What_two_batches_say_of_one_job_is_recorded_in_the_lines_order(params string[] others)
    {
        await SendAsync("a", 1);
        await _store.BeginsAsync("a 1");
        foreach (var between in others[..^1])
        {
            await SendAsync(between, 1);
            await _store.BeginsAsync($"{between} 1");
            _store.Release($"{between} 1");
            await _store.EndsAsync($"{between} 1");
        }

        await SendAsync(others[^1], 2);
        await Assert.ThrowsAsync<TimeoutException>(() => _store.BeginsAsync("a 2", TooEarly));
        _store.Release("a 1");
        await _store.BeginsAsync("a 2");
        _store.Release("a 2");

        Assert.Equal([("a", "created"), .. others[..^1].Select(id => (id, "created")), ("a", "updated")], await AnswersAsync());
        Assert.Equal([.. others[..^1].Select(id => $"{id} 1"), "a 1", "a 2"], _store.Ended);
    }

    public async ValueTask DisposeAsync()
    {
        await _body.Writer.CompleteAsync();
        _store.ReleaseAll();
        await _running;
        _run.Dispose();
        _import.Dispose();
    }

    private async Task SendAsync(string id, int hours) =>
        await _body.Writer.WriteAsync(Encoding.UTF8.GetBytes($$$"""{"id":"{{{id}}}","target":{"nats":{"subject":"orders.created"}},"schedule":{"every":"{{{hours}}}h"} }""" + "\n"));

    private async Task<List<(string, string)>> AnswersAsync()
    {
        await _body.Writer.CompleteAsync();
        await _running;
        await _answer.Writer.CompleteAsync();
        using var answers = new StreamReader(_answer.Reader.AsStream());
        return [.. (await answers.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!).Select(line => ((string)line["id"]!, (string)line["status"]!))];
    }

    /// <summary>Jobs in memory; what writes them ends when the test says so. A write is named by its first job and version.</summary>
    private sealed class HeldStore : IJobStore
    {
        private readonly ConcurrentDictionary<JobKey, Job> _jobs = [];
        private readonly ConcurrentDictionary<string, TaskCompletionSource> _begins = [];
        private readonly ConcurrentDictionary<string, TaskCompletionSource> _ends = [];
        private readonly ConcurrentDictionary<string, TaskCompletionSource> _releases = [];
        private volatile bool _holds = true;

        public ConcurrentQueue<string> Ended { get; } = [];

        public Task BeginsAsync(string write, TimeSpan? patience = null) => Of(_begins, write).Task.WaitAsync(patience ?? Patience);

        public Task EndsAsync(string write) => Of(_ends, write).Task.WaitAsync(Patience);

        public void Release(string write) => Of(_releases, write).TrySetResult();

        public void ReleaseAll()
        {
            _holds = false;
            foreach (var release in _releases.Values)
                release.TrySetResult();
        }

        public Task<IReadOnlyDictionary<JobKey, Func<Job>>> FindAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyDictionary<JobKey, Func<Job>>>(keys.Where(_jobs.ContainsKey).ToDictionary(key => key, key => (Func<Job>)(() => _jobs[key])));

        public async Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<JobWrite> writes, CancellationToken cancellation)
        {
            var name = $"{writes[0].Job.Key.Id} {writes[0].Job.Version}";
            Of(_begins, name).TrySetResult();
            if (_holds)
                await Of(_releases, name).Task;
            foreach (var write in writes)
                _jobs[write.Job.Key] = write.Job;
            Ended.Enqueue(name);
            Of(_ends, name).TrySetResult();
            return [.. writes.Select(_ => true)];
        }

        public Task<Job?> FindAsync(JobKey key, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<bool> WriteAsync(Job job, Revision revision, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyDictionary<JobKey, JobStamp>> StampAsync(IReadOnlyCollection<JobKey> keys, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Page<ActiveJob>> ReadActiveAsync(int partition, string? cursor, int limit, bool withRows, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Page<ChangedJob>> ReadChangedAsync(IReadOnlyCollection<int> partitions, DateTimeOffset from, string? cursor, int limit, CancellationToken cancellation) => throw new NotSupportedException();

        public Task NoteDueAsync(IReadOnlyCollection<DueNote> notes, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Page<Revision>> ListRevisionsAsync(JobKey key, int limit, string? cursor, CancellationToken cancellation) => throw new NotSupportedException();

        private static TaskCompletionSource Of(ConcurrentDictionary<string, TaskCompletionSource> of, string write) =>
            of.GetOrAdd(write, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
