using CronCloud.Backends.Sql;
using CronCloud.Core.Alerts;
using CronCloud.Gateway.Api;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Gateway.Tests;

/// <summary>Writes of channels side by side, and those that are sent again after an answer that never came.</summary>
public sealed class ChannelChangesTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Sent = new(2026, 12, 1, 3, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _folder = Directory.CreateTempSubdirectory("croncloud-channels-").FullName;
    private readonly FakeTimeProvider _time = new(Sent);
    private SqlDatabase _database = null!;
    private SqlChannelStore _channels = null!;
    private ChannelChanges _changes = null!;

    public async Task InitializeAsync()
    {
        _database = SqlDatabase.Sqlite(Path.Combine(_folder, "record.db"));
        await _database.OpenAsync(None);
        _channels = new SqlChannelStore(_database);
        _changes = new ChannelChanges(_channels, _time);
    }

    public Task DisposeAsync()
    {
        _database.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Writers_at_once_all_have_their_turn()
    {
        var writes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => PutAsync($"/{i}")));

        Assert.Single(writes, write => write!.Created);
        Assert.Equal(Enumerable.Range(1, 8).Select(i => (long)i), writes.Select(write => write!.Channel.Version).Order());
        Assert.Single(writes, write => write!.IsWebhookNow);
    }

    [Fact]
    public async Task Of_writers_at_once_that_want_none_to_be_there_one_wins()
    {
        var writes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => PutAsync($"/{i}", mayChange: stored => stored is null)));

        Assert.Single(writes, write => write is not null);
    }

    [Fact]
    public async Task A_write_that_is_sent_again_is_its_own_success()
    {
        await PutAsync("/1");
        _time.Advance(TimeSpan.FromMinutes(1));

        var again = await PutAsync("/1", mayChange: stored => stored is null, sentBefore: Sent);

        Assert.Equal((true, true, 1), (again!.Created, again.IsWebhookNow, again.Channel.Version));
    }

    [Fact]
    public async Task A_write_that_is_sent_again_does_not_undo_what_came_after_it()
    {
        await PutAsync("/1");
        _time.Advance(TimeSpan.FromMinutes(1));
        await PutAsync("/2");

        Assert.Null(await PutAsync("/1", sentBefore: Sent));

        Assert.Equal("https://example.com/2", (await _channels.FindAsync("t", "ops", None))!.Webhook!.Url.OriginalString);
    }

    [Fact]
    public async Task A_write_that_had_no_effect_the_first_time_has_it_the_second()
    {
        await PutAsync("/1");
        _time.Advance(TimeSpan.FromMinutes(1));

        var made = await PutAsync("/2", sentBefore: Sent.AddSeconds(1));

        Assert.Equal((false, 2), (made!.Created, made.Channel.Version));
    }

    [Fact]
    public async Task A_deletion_that_is_sent_again_leaves_alone_what_was_made_since()
    {
        await PutAsync("/1");
        _time.Advance(TimeSpan.FromMinutes(1));
        var sent = _time.GetUtcNow();

        Assert.True(await RemoveAsync(null));
        Assert.Null(await RemoveAsync(null));
        Assert.True(await RemoveAsync(sent));
        await PutAsync("/1");
        Assert.True(await RemoveAsync(sent));

        Assert.NotNull(await _channels.FindAsync("t", "ops", None));
        Assert.False(await _changes.RemoveAsync("t", "ops", _ => false, null, None));
    }

    private Task<bool?> RemoveAsync(DateTimeOffset? sentBefore) => _changes.RemoveAsync("t", "ops", _ => true, sentBefore, None);

    private Task<ChannelWrite?> PutAsync(string path, Func<Channel?, bool>? mayChange = null, DateTimeOffset? sentBefore = null) =>
        _changes.PutAsync("t", "ops", new ChannelRequest(new WebhookChannel { Url = new Uri($"https://example.com{path}") }, null), mayChange ?? (_ => true), sentBefore, None);
}
