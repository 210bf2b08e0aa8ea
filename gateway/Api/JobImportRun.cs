using System.IO.Pipelines;
using System.Threading.Channels;
using CronCloud.Engine.Jobs;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>
/// One import on its way: batches of lines are read, recorded, armed and answered, each step beside the others. A few batches are at work at a time. Answers are in the lines' order; what two batches
/// say of one job is recorded in that order too, and two that have no job in common are recorded side by side: the record's answer takes longer than its work. Answers wait for whoever sends everything before it reads, up to a bound; then its body is read no further.
/// </summary>
internal sealed class JobImportRun(JobImport import, string tenant, string? nonce, TimeProvider time, Action<Exception> reportAway) : IDisposable
{
    private const int AtWork = 4;

    /// <summary>Batches. One of a caller that sends fast has some thousand lines, and one of a caller that sends slowly a few.</summary>
    private const int AnswersKept = 256;

    /// <summary>Longer than a single change may take: servers that are slow for a while cost an import time, and no lines. A row that is seen later than the change scan looks back (20 s) would not be armed by it.</summary>
    private static readonly TimeSpan RecordLimit = TimeSpan.FromSeconds(15);

    /// <summary>With the other, less than the minute in which a job that was recorded must be armed.</summary>
    private static readonly TimeSpan ArmLimit = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _room = new(AtWork);
    private readonly Channel<ReadOnlyMemory<byte>> _answers = Channel.CreateBounded<ReadOnlyMemory<byte>>(AnswersKept);

    /// <summary>Ends when all that was read is answered. What is begun is carried through, also when the caller has gone.</summary>
    public async Task RunAsync(LineReader body, PipeWriter answer, CancellationToken cancellation)
    {
        var writing = WriteAsync(answer, cancellation);
        Recording? recording = null;
        var answered = Task.CompletedTask;
        try
        {
            await foreach (var batch in body.ReadAsync(cancellation))
            {
                await _room.WaitAsync(cancellation);
                if (answered.IsFaulted)
                    break;
                recording = Record(Task.Run(() => Read(batch), CancellationToken.None), recording);
                answered = AnswerAsync(recording, answered);
            }
        }
        finally
        {
            try
            {
                await answered;
            }
            finally
            {
                _answers.Writer.TryComplete();
                await writing;
            }
        }
    }

    public void Dispose() => _room.Dispose();

    private ImportLines Read(LineBatch batch)
    {
        using (batch)
            return ImportLines.Read(batch, tenant, nonce);
    }

    private Recording Record(Task<ImportLines> reading, Recording? before)
    {
        var upToTheOneBefore = before?.UpToIt ?? Task.CompletedTask;
        var changes = RecordAsync(reading, before);
        return new Recording(reading, changes, UpToAsync(upToTheOneBefore, changes), upToTheOneBefore);
    }

    /// <summary>Beside the batch before it at most, and after it when they have a job in common: the later line is the one that stays.</summary>
    private async Task<RecordedChanges> RecordAsync(Task<ImportLines> reading, Recording? before)
    {
        var lines = await reading;
        if (before is not null)
            await (lines.HaveJobOf(await before.Lines) ? before.UpToIt : before.UpToTheOneBefore);
        using var limit = new CancellationTokenSource(RecordLimit, time);
        return await import.RecordAsync(lines.Changes, limit.Token);
    }

    private static async Task UpToAsync(Task upToTheOneBefore, Task changes)
    {
        await upToTheOneBefore;
        await changes;
    }

    private async Task AnswerAsync(Recording recording, Task before)
    {
        try
        {
            var changes = await recording.Changes;
            using var limit = new CancellationTokenSource(ArmLimit, time);
            var replies = await import.ArmAsync(changes, limit.Token);
            if (changes.Failure is { } away)
                reportAway(away);
            await before;
            if (await _answers.Writer.WaitToWriteAsync(CancellationToken.None))
                _answers.Writer.TryWrite(ImportAnswer.Of((await recording.Lines).Lines, replies));
        }
        finally
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it needs its room and its answers also when this one fails
            _room.Release();
        }
    }

    /// <summary>Once nobody hears them, answers are dropped.</summary>
    private async Task WriteAsync(PipeWriter answer, CancellationToken cancellation)
    {
        try
        {
            await foreach (var lines in _answers.Reader.ReadAllAsync(cancellation))
            {
                if ((await answer.WriteAsync(lines, cancellation)).IsCompleted)
                    break;
            }
        }
        finally
        {
            _answers.Writer.TryComplete();
        }
    }

    /// <summary>A batch that is being recorded.</summary>
    /// <param name="Lines">What it says.</param>
    /// <param name="Changes">What became of it.</param>
    /// <param name="UpToIt">Ends when it and all before it are recorded.</param>
    /// <param name="UpToTheOneBefore">Ends when all before it are recorded.</param>
    private sealed record Recording(Task<ImportLines> Lines, Task<RecordedChanges> Changes, Task UpToIt, Task UpToTheOneBefore);
}
