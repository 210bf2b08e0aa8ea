using CronCloud.Core;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;
using CronCloud.Core.History;
using CronCloud.Core.Jobs;
using CronCloud.Core.Outcomes;
using CronCloud.Core.Schedules;
using CronCloud.Engine.Due;
using Microsoft.Extensions.Logging.Abstractions;

namespace CronCloud.Engine.Tests.Due;

public sealed class KnownEndsTests
{
    [Fact]
    public async Task What_history_alone_knows_to_be_over_is_known_though_the_record_does_not_tell_of_dead_letters()
    {
        await using var pipeline = await Pipeline.OpenAsync();
        var job = DueJob.Of(await pipeline.WriteJobAsync(Pipeline.EverySecond));
        var (succeeded, dead, goesOn) = (At(1), At(2), At(3));
        await pipeline.History.WriteAsync(
            [
                HistoryRow.Of(pipeline.OutcomeOf(succeeded with { Attempt = 2 }, AttemptResult.Succeeded)),
                HistoryRow.Of(pipeline.OutcomeOf(dead with { Attempt = 3 }, AttemptResult.Failed) with { IsFinal = true }),
                HistoryRow.Of(pipeline.OutcomeOf(goesOn with { Attempt = 2 }, AttemptResult.Failed)),
            ],
            Pipeline.None);
        await pipeline.DeadLetters.KeepAsync([DeadLetter.Of(pipeline.OutcomeOf(dead with { Attempt = 3 }, AttemptResult.Failed))], Pipeline.None);
        var letters = new FaultyDeadLetters(pipeline.DeadLetters) { IsAway = true };
        var ends = new KnownEnds(pipeline.History, letters, pipeline.Time, NullLogger<KnownEnds>.Instance);

        Assert.Equal([(succeeded.EntryKey, 2)], await FindAsync());
        letters.IsAway = false;
        Assert.Equal([(succeeded.EntryKey, 2)], await FindAsync()); // it is not asked again at once
        pipeline.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([(succeeded.EntryKey, 2), (dead.EntryKey, 3)], await FindAsync());

        async Task<IEnumerable<(string, int)>> FindAsync() => (await ends.FindAsync([succeeded, dead, goesOn], Pipeline.None)).Select(end => (end.Key, end.Value));

        Execution At(int second) => DuePlan.ExecutionOf(job, 1, Pipeline.Start.AddSeconds(second), TraceParent.New());
    }

    /// <summary>A record that is away when told to be.</summary>
    private sealed class FaultyDeadLetters(IDeadLetterStore letters) : IDeadLetterStore
    {
        public bool IsAway { get; set; }

        public Task KeepAsync(IReadOnlyList<DeadLetter> kept, CancellationToken cancellation) => letters.KeepAsync(kept, cancellation);

        public Task<DeadLetter?> FindAsync(string tenant, string executionId, CancellationToken cancellation) => IsAway ? throw new IOException("The record is away.") : letters.FindAsync(tenant, executionId, cancellation);

        public Task<Page<DeadLetter>> ListAsync(DeadLetterQuery query, CancellationToken cancellation) => letters.ListAsync(query, cancellation);

        public Task<IReadOnlyList<Execution>> RedriveAsync(IReadOnlyList<DeadLetter> redriven, DateTimeOffset due, CancellationToken cancellation) => letters.RedriveAsync(redriven, due, cancellation);

        public Task<bool> DiscardAsync(string tenant, string executionId, CancellationToken cancellation) => letters.DiscardAsync(tenant, executionId, cancellation);
    }
}
