using System.Globalization;
using System.Text;
using CronCloud.Backends.DueIndex;
using CronCloud.Core.Due;
using CronCloud.Core.Executions;

namespace CronCloud.Backends.Tests.DueIndex;

/// <summary>The index in Redis and its twin, side by side through the same steps: batches of entries that move on, flights that land, slots, edits in between, and steps told twice or too late.</summary>
[Collection(nameof(RealServers))]
public sealed class DueIndexTwinTests(RealServers servers)
{
    private const int Steps = 40;
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Redis_and_its_twin_answer_the_same_and_end_the_same(int part)
    {
        await using var connection = new RedisConnection((await servers.RedisAsync()).ConnectionString + ",allowAdmin=true");
        await connection.OpenAsync(None);
        await connection.Database.ExecuteAsync("CONFIG", "RESETSTAT");
        for (var seed = 25 * part; seed < 25 * (part + 1); seed++)
        {
            await connection.Database.ExecuteAsync("FLUSHALL");
            IDueIndex[] indexes = [new RedisDueIndex(connection), new MemoryDueIndex()];
            foreach (var index in indexes)
                await index.EndBuildAsync(Walk.Partition, await index.BeginBuildAsync(Walk.Partition, None), await index.ReadIncarnationAsync(None), None);
            var walk = new Walk(new Random(seed), indexes[0], indexes[1]);
            for (var step = 0; step < Steps; step++)
                Assert.True(await walk.StepAsync() is var (real, twin) && real == twin, $"Seed {seed}, step {step}:{Environment.NewLine}Redis {real}{Environment.NewLine}twin  {twin}");
        }

        var calls = (string)(await connection.Database.ExecuteAsync("INFO", "commandstats"))!;
        Assert.True(int.Parse(calls.Split("cmdstat_zmscore:calls=")[1].Split(',')[0], CultureInfo.InvariantCulture) > Steps, "Hardly a batch went all at once.");
    }

    private sealed class Walk(Random random, IDueIndex redis, IDueIndex memory)
    {
        public const int Partition = 17;

        private readonly List<DueEntry> _seen = [];
        private readonly List<string> _attempts = [];
        private List<DueEntry> _last = [];
        private DateTimeOffset _now = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);

        /// <summary>What each answered, and what is in it then.</summary>
        public async Task<(string Redis, string Twin)> StepAsync()
        {
            _now = _now.AddMilliseconds(random.Next(3_000));
            var step = random.Next(8) switch
            {
                0 or 1 => Arm(),
                2 or 3 or 4 => Advance(isSound: random.Next(3) > 0),
                5 or 6 => Land(isSound: random.Next(3) > 0),
                _ => Claim(),
            };
            var (real, twin) = (await step(redis) + await ReadAsync(redis), await step(memory) + await ReadAsync(memory));
            var scan = await memory.ScanAsync(Partition, All, None);
            _last = [.. scan.Entries, .. scan.LeftOvers];
            _seen.AddRange(_last);
            return (real, twin);
        }

        private DueQuery All => new() { Now = _now.AddDays(1), Limit = 500, LeftOverLimit = 500 };

        private string Job => $"t/job-{random.Next(8)}";

        private DateTimeOffset Soon => _now.AddMilliseconds(random.Next(-5_000, 10_000));

        private bool Rarely => random.Next(4) == 0;

        private Func<IDueIndex, Task<string>> Arm()
        {
            var entries = Many(() => new DueEntry(Rarely ? $"{Job}@1" : Job, random.Next(1, 5), Soon, Rarely ? default : "job"u8.ToArray()) { Since = Rarely ? _now : null });
            return async index =>
            {
                await index.ArmAsync(Partition, entries, None);
                return "armed";
            };
        }

        /// <summary>A sound batch has entries as they are, each once, and nothing but next due times and flights; any other has whatever was seen at any time, with all that a step may do.</summary>
        private Func<IDueIndex, Task<string>> Advance(bool isSound)
        {
            var entries = isSound ? _last.FindAll(_ => !Rarely) : Many(() => _seen[random.Next(_seen.Count)], _seen.Count);
            var advances = entries.ConvertAll(entry =>
            {
                var attempt = Attempt(entry);
                return new Advance(entry, Rarely ? null : Soon, Rarely ? null : new Flight(attempt, _now.AddMinutes(1), Encoding.UTF8.GetBytes(attempt)))
                {
                    LeftOver = !isSound && Rarely && !entry.IsLeftOver && !entry.IsTombstone ? entry.LeftOver(_now) : null,
                    Slot = !isSound && Rarely ? new SlotClaim(Job, entry.Key) : null,
                };
            });
            return async index => "advanced " + string.Join(' ', await index.AdvanceAsync(Partition, advances, _now, None));
        }

        private Func<IDueIndex, Task<string>> Land(bool isSound)
        {
            var attempts = isSound ? _attempts.Distinct().Where(_ => !Rarely).ToList() : Many(() => _attempts[random.Next(_attempts.Count)], _attempts.Count);
            var landings = attempts.ConvertAll(attempt =>
            {
                var retry = !isSound && Rarely ? new DueEntry(attempt[..attempt.LastIndexOf('#')], 2, Soon, "retry"u8.ToArray()) : null;
                var succeeded = retry is null && !Rarely;
                return new Landing(attempt, retry) { Succeeded = succeeded, FailedForGood = !succeeded && retry is null && Rarely, Frees = isSound || Rarely ? new SlotClaim(Job, attempt[..attempt.LastIndexOf('#')]) : null };
            });
            return async index => "landed " + string.Join(' ', await index.LandAsync(Partition, landings, _now, None));
        }

        private Func<IDueIndex, Task<string>> Claim()
        {
            var claims = Many(() => new SlotClaim(Job, _attempts[random.Next(_attempts.Count)].Split('#')[0]), _attempts.Count);
            return async index => "claimed " + string.Join(' ', await index.ClaimAsync(Partition, claims, None));
        }

        private string Attempt(DueEntry entry)
        {
            var attempt = string.Create(CultureInfo.InvariantCulture, $"{entry.Key.Split('@', '~')[0]}@{entry.Due.ToUnixTimeMilliseconds()}#{random.Next(1, 3)}");
            _attempts.Add(attempt);
            return attempt;
        }

        private List<T> Many<T>(Func<T> one, int choices = int.MaxValue) => choices == 0 ? [] : [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => one())];

        private async Task<string> ReadAsync(IDueIndex index)
        {
            var scan = await index.ScanAsync(Partition, All, None);
            var flights = await index.ReadFlightsAsync(Partition, DateTimeOffset.MaxValue, 1_000, None);
            var slots = await index.ReadSlotsAsync(Partition, None);
            return string.Join(
                ' ',
                [
                    $" built {scan.IsBuilt}",
                    .. scan.Entries.Concat(scan.LeftOvers).Select(entry => $"{entry.Key}:{entry.Version}:{entry.Due:O}:{entry.Until:O}:{Encoding.UTF8.GetString(entry.Payload.Span)}").Order(StringComparer.Ordinal),
                    .. flights.Select(flight => $"{flight.Id}:{flight.Deadline:O}:{Encoding.UTF8.GetString(flight.Payload.Span)}").Order(StringComparer.Ordinal),
                    .. slots.Select(slot => slot.ToString()).Order(StringComparer.Ordinal),
                ]);
        }
    }
}
