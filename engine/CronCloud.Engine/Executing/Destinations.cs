using System.Collections.Concurrent;

namespace CronCloud.Engine.Executing;

/// <summary>How many attempts run against one destination at once, and how many wait for it: a slow one fills its own places, and nobody else's.</summary>
/// <param name="placesEach">Attempts that run against one destination at once.</param>
/// <param name="maxWaiting">Attempts that may wait for a place at one destination however slow it is.</param>
/// <param name="time">By which they wait.</param>
internal sealed class Destinations(int placesEach, int maxWaiting, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Places> _destinations = [];

    /// <summary>Waits for a place; disposing the answer gives it back. Null when the destination is too slow to wait for it.</summary>
    public async Task<IDisposable?> EnterAsync(string destination, CancellationToken cancellation)
    {
        while (true)
        {
            var places = _destinations.GetOrAdd(destination, _ => new Places(placesEach, maxWaiting, time));
            if (!places.TryJoin())
                continue;
            var hasPlace = false;
            try
            {
                hasPlace = await places.TakeAsync(cancellation);
                return hasPlace ? new Place(this, destination, places) : null;
            }
            finally
            {
                if (!hasPlace)
                    Leave(destination, places);
            }
        }
    }

    /// <summary>The last to leave takes the destination off the list, so that the list does not grow for ever.</summary>
    private void Leave(string destination, Places places)
    {
        if (places.TryCloseAfterLeaving())
            _destinations.TryRemove(new KeyValuePair<string, Places>(destination, places));
    }

    private sealed class Place(Destinations owner, string destination, Places places) : IDisposable
    {
        public void Dispose()
        {
            places.GiveBack();
            owner.Leave(destination, places);
        }
    }
}
