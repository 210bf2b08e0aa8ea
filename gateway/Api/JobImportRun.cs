using System.IO.Pipelines;
using System.Threading.Channels;
using CronCloud.Engine.Jobs;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>
/// One import on its way: batches of lines are read, recorded, armed and answered, each step in the lines' order and each beside the others. A few batches are at
/// work at a time. Answers wait for whoever sends everything before it reads, up to a bound; then its body is read no further.
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
        Task<(ImportLines Lines, RecordedChanges Changes)>? recorded = null;
        var answered = Task.CompletedTask;
        try
        {
            await foreach (var batch in body.ReadAsync(cancellation))
            {
                await _room.WaitAsync(cancellation);
                if (answered.IsFaulted)
                    break;
                recorded = RecordAsync(Task.Run(() => Read(batch), CancellationToken.None), recorded);
                answered = AnswerAsync(recorded, answered);
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

    /// <summary>In the lines' order: a later line of the same job is the one that stays.</summary>
    private async Task<(ImportLines Lines, RecordedChanges Changes)> RecordAsync(Task<ImportLines> reading, Task? before)
    {
        var lines = await reading;
        if (before is not null)
            await before;
        using var limit = new CancellationTokenSource(RecordLimit, time);
        return (lines, await import.RecordAsync(lines.Changes, limit.Token));
    }

    private async Task AnswerAsync(Task<(ImportLines Lines, RecordedChanges Changes)> recording, Task before)
    {
        try
        {
            var (lines, changes) = await recording;
            using var limit = new CancellationTokenSource(ArmLimit, time);
            var replies = await import.ArmAsync(changes, limit.Token);
            if (changes.Failure is { } away)
                reportAway(away);
            await before;
            if (await _answers.Writer.WaitToWriteAsync(CancellationToken.None))
                _answers.Writer.TryWrite(ImportAnswer.Of(lines.Lines, replies));
        }
        finally
        {
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
}
