using CronCloud.Faults.Evidence;

namespace CronCloud.Faults.Running;

/// <summary>
/// Changes jobs all the time, one at each half second: new versions, pauses, resumptions, deletions. Nothing is due at a half second, so that without a
/// fault no change meets an execution on its way. A job with an unknown change is left alone for ever: both outcomes stay possible.
/// </summary>
public sealed class Editor(JobsClient client, DateTimeOffset anchor, TimeProvider time) : IAsyncDisposable
{
    private const int Jobs = 8;
    private const int MaxUnknown = 30;

    private readonly SemaphoreSlim _editing = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Edited[] _jobs = [.. Enumerable.Range(0, Jobs).Select(i => new Edited(i, anchor))];
    private Task _running = Task.CompletedTask;
    private int _unknown;

    public void Start() => _running = RunAsync();

    /// <summary>Reads while nothing is changed.</summary>
    public async Task<T> WhileQuietAsync<T>(Func<Task<T>> read)
    {
        await _editing.WaitAsync();
        try
        {
            return await read();
        }
        finally
        {
            _editing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
        _editing.Dispose();
    }

    private async Task RunAsync()
    {
        for (var turn = 0; _unknown < MaxUnknown; turn++)
        {
            try
            {
                await Task.Delay(UntilHalfSecond(), time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await WhileQuietAsync(async () =>
            {
                var job = turn % Jobs;
                if (await _jobs[job].ChangeAsync(client) != OperationResult.Unknown)
                    return true;
                _unknown++;
                _jobs[job] = _jobs[job].Successor();
                return false;
            });
        }
    }

    private TimeSpan UntilHalfSecond()
    {
        var ms = time.GetUtcNow().ToUnixTimeMilliseconds() % 1_000;
        return TimeSpan.FromMilliseconds(ms < 500 ? 500 - ms : 1_500 - ms);
    }

    /// <summary>One job, and where in its round of changes it is.</summary>
    private sealed class Edited(int number, DateTimeOffset anchor, int generation = 0)
    {
        private int _step;
        private int _version;
        private JobShape _shape = null!;

        private string Id => $"edited-{number}-{generation}";

        public Edited Successor() => new(number, anchor, generation + 1);

        public Task<OperationResult> ChangeAsync(JobsClient client) => (_step++ % 5) switch
        {
            0 or 3 => client.PutAsync(Id, _shape = Next()),
            1 => client.PauseAsync(Id),
            2 => client.ResumeAsync(Id, _shape),
            _ => client.DeleteAsync(Id),
        };

        private JobShape Next() => new() { Plan = new Plan.Every(TimeSpan.FromSeconds(2), anchor), Path = $"/ok/{Id}/v{++_version}", MaxRetries = 3 };
    }
}
