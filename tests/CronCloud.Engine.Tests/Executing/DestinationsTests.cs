using CronCloud.Engine.Executing;
using Microsoft.Extensions.Time.Testing;

namespace CronCloud.Engine.Tests.Executing;

public sealed class DestinationsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly Destinations _destinations;

    public DestinationsTests() => _destinations = new Destinations(placesEach: 2, maxWaiting: 3, _time);

    [Fact]
    public async Task A_destination_has_so_many_places_and_no_more()
    {
        var (first, _) = (await EnterAsync("slow"), await EnterAsync("slow"));

        var third = EnterAsync("slow");
        Assert.False(third.IsCompleted);
        using (await EnterAsync("quick"))
            first!.Dispose();
        Assert.NotNull(await third.WaitAsync(Patience));
    }

    [Fact]
    public async Task Nobody_waits_for_ever_for_a_place()
    {
        await TakeAllAsync();
        var waiting = EnterAsync("slow");

        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(await waiting.WaitAsync(Patience));
    }

    [Fact]
    public async Task At_a_destination_that_hangs_only_so_many_wait()
    {
        await TakeAllAsync();
        var waiting = Enumerable.Range(0, 10).Select(_ => EnterAsync("slow")).ToList();

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.All(await Task.WhenAll(waiting.Skip(3)).WaitAsync(Patience), Assert.Null);
        Assert.All(waiting.Take(3), turn => Assert.False(turn.IsCompleted));
        Assert.Null(await EnterAsync("slow").WaitAsync(Patience));
        Assert.NotNull(await EnterAsync("another").WaitAsync(Patience));
    }

    [Fact]
    public async Task A_crowd_at_a_destination_that_answers_gets_its_turn()
    {
        var taken = await TakeAllAsync();
        var waiting = new Queue<Task<IDisposable?>>(Enumerable.Range(0, 40).Select(_ => EnterAsync("slow")));

        while (waiting.Count > 0)
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            foreach (var place in taken.ToList())
            {
                place.Dispose();
                taken.Remove(place);
                if (waiting.TryDequeue(out var next))
                    taken.Add(Assert.IsAssignableFrom<IDisposable>(await next.WaitAsync(Patience)));
            }
        }
    }

    [Fact]
    public async Task A_destination_that_answers_again_is_waited_for_again()
    {
        var taken = await TakeAllAsync();
        var waiting = Enumerable.Range(0, 10).Select(_ => EnterAsync("slow")).ToList();
        _time.Advance(TimeSpan.FromSeconds(2));
        await Task.WhenAll(waiting.Skip(3)).WaitAsync(Patience);

        taken.ForEach(place => place.Dispose());
        foreach (var turn in waiting.Take(3))
            (await turn.WaitAsync(Patience))!.Dispose();

        Assert.NotNull(await EnterAsync("slow").WaitAsync(Patience));
    }

    [Fact]
    public async Task Who_stops_waiting_takes_no_place_with_it()
    {
        var taken = await TakeAllAsync();
        using var stop = new CancellationTokenSource();
        var stopped = _destinations.EnterAsync("slow", stop.Token);
        var next = EnterAsync("slow");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped.WaitAsync(Patience));
        taken[0].Dispose();

        Assert.NotNull(await next.WaitAsync(Patience));
    }

    private async Task<List<IDisposable>> TakeAllAsync() => [(await EnterAsync("slow"))!, (await EnterAsync("slow"))!];

    private Task<IDisposable?> EnterAsync(string destination) => _destinations.EnterAsync(destination, CancellationToken.None);
}
