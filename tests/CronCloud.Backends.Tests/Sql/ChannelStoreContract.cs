using CronCloud.Backends.Sql;
using CronCloud.Core.Alerts;

namespace CronCloud.Backends.Tests.Sql;

/// <summary>What the record of channels must do on every database.</summary>
public abstract class ChannelStoreContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 3, 0, 0, 123, TimeSpan.Zero);
    private static readonly CancellationToken None = CancellationToken.None;

    private SqlDatabase _database = null!;

    private SqlChannelStore Channels => new(_database);

    protected abstract Task<SqlDatabase> OpenAsync();

    public async Task InitializeAsync()
    {
        _database = await OpenAsync();
        await _database.OpenAsync(None);
    }

    public virtual Task DisposeAsync()
    {
        _database.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_channel_comes_back_as_it_was_written()
    {
        var channels = Channels;
        var mail = Hook("mail") with { Webhook = null, Email = new EmailChannel { To = ["ops@example.com", "ünï'--@example.com"] } };
        Assert.True(await channels.WriteAsync(Hook("hook"), None));
        Assert.True(await channels.WriteAsync(mail, None));

        Assert.Equal(Hook("hook"), await channels.FindAsync("t", "hook", None));
        var read = (await channels.FindAsync("t", "mail", None))!;
        Assert.Equal(mail.Email.To, read.Email!.To);
        Assert.Equal(mail with { Email = null }, read with { Email = null });
        Assert.Null(await channels.FindAsync("other", "hook", None));
        Assert.Null(await channels.FindAsync("t", "HOOK", None));
    }

    [Fact]
    public async Task A_write_happens_only_on_the_version_that_the_writer_saw()
    {
        var channels = Channels;
        var (first, second) = (Hook("a"), Hook("a") with { Version = 2, UpdatedAt = Now.AddSeconds(1), Webhook = new WebhookChannel { Url = new Uri("https://example.com/2") } });

        Assert.False(await channels.WriteAsync(second, None));
        Assert.True(await channels.WriteAsync(first, None));
        Assert.False(await channels.WriteAsync(first, None));
        Assert.False(await channels.WriteAsync(second with { Version = 3 }, None));
        Assert.True(await channels.WriteAsync(second, None));
        Assert.False(await channels.WriteAsync(second, None));

        Assert.Equal(second, await channels.FindAsync("t", "a", None));
    }

    [Fact]
    public async Task Of_many_writers_of_one_version_one_wins()
    {
        var channels = Channels;

        var first = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => channels.WriteAsync(Hook("a"), None)));
        var second = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => channels.WriteAsync(Hook("a") with { Version = 2 }, None)));

        Assert.Single(first, won => won);
        Assert.Single(second, won => won);
    }

    [Fact]
    public async Task A_channel_goes_only_as_it_was_seen()
    {
        var channels = Channels;
        await channels.WriteAsync(Hook("a"), None);
        await channels.WriteAsync(Hook("b"), None);

        Assert.False(await channels.RemoveAsync(Hook("a") with { Version = 2 }, None));
        Assert.False(await channels.RemoveAsync(Hook("a") with { CreatedAt = Now.AddMilliseconds(1) }, None));
        Assert.True(await channels.RemoveAsync(Hook("a"), None));
        Assert.False(await channels.RemoveAsync(Hook("a"), None));

        Assert.Null(await channels.FindAsync("t", "a", None));
        Assert.NotNull(await channels.FindAsync("t", "b", None));
    }

    [Fact]
    public async Task Who_saw_a_channel_that_was_made_anew_since_changes_nothing()
    {
        var channels = Channels;
        await channels.WriteAsync(Hook("a"), None);
        await channels.RemoveAsync(Hook("a"), None);
        var anew = Hook("a") with { CreatedAt = Now.AddHours(1), UpdatedAt = Now.AddHours(1) };
        Assert.True(await channels.WriteAsync(anew, None));

        Assert.False(await channels.WriteAsync(Hook("a") with { Version = 2 }, None));
        Assert.False(await channels.RemoveAsync(Hook("a"), None));

        Assert.Equal(anew, await channels.FindAsync("t", "a", None));
    }

    [Fact]
    public async Task Channels_are_listed_by_id_a_page_at_a_time()
    {
        var channels = Channels;
        foreach (var id in new[] { "b", "a", "C", "d_1" })
            await channels.WriteAsync(Hook(id), None);
        await channels.WriteAsync(Hook("z") with { Tenant = "other" }, None);

        var first = await channels.ListAsync("t", 3, null, None);
        var second = await channels.ListAsync("t", 3, first.NextCursor, None);

        Assert.Equal(["C", "a", "b"], first.Items.Select(c => c.Id));
        Assert.Equal(["d_1"], second.Items.Select(c => c.Id));
        Assert.Null(second.NextCursor);
    }

    private static Channel Hook(string id) => new()
    {
        Tenant = "t",
        Id = id,
        Webhook = new WebhookChannel { Url = new Uri("https://example.com/hook?a=b%20c") },
        Version = 1,
        CreatedAt = Now,
        UpdatedAt = Now,
    };
}
