using CronCloud.Simulation.Worlds;

namespace CronCloud.Simulation.Tests;

public sealed class VirtualTimeTests
{
    [Fact]
    public void Time_goes_from_timer_to_timer_and_those_of_one_instant_keep_their_order()
    {
        var world = new World(1);
        var heard = new List<string>();
        async Task SayAsync(string what, double seconds)
        {
            await world.DelayAsync(TimeSpan.FromSeconds(seconds));
            heard.Add($"{what} at {(world.Now - World.Start).TotalSeconds}");
        }

        world.Begin(() => SayAsync("b", 2.0000001));
        world.Begin(() => SayAsync("c", 2.0000001));
        world.Begin(() => SayAsync("a", 1));
        world.Begin(() => SayAsync("never", 9));
        world.RunUntil(World.Start.AddSeconds(5));

        Assert.Equal(["a at 1", "b at 2.0000001", "c at 2.0000001"], heard);
        Assert.Equal(World.Start.AddSeconds(5), world.Now);
    }

    [Fact]
    public void A_step_on_another_thread_breaks_the_world()
    {
        var world = new World(1);
        world.Post(() =>
        {
            var context = SynchronizationContext.Current!;
            var outside = new Thread(() => context.Post(_ => { }, null));
            outside.Start();
            outside.Join();
        });

        var broken = Assert.Throws<InvalidOperationException>(() => world.RunUntil(World.Start.AddSeconds(1)));

        Assert.Contains("another thread", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_that_lets_no_time_pass_is_found()
    {
        var world = new World(1);
        world.Begin(async () =>
        {
            while (true)
                await world.DelayAsync(TimeSpan.Zero);
        });

        Assert.Throws<InvalidOperationException>(() => world.RunUntil(World.Start.AddSeconds(1)));
    }
}
