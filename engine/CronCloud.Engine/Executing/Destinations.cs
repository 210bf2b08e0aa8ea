using System.Collections.Concurrent;

namespace CronCloud.Engine.Executing;

/// <summary>How many attempts run against one destination at once: a slow one fills its own places, and nobody else's.</summary>
internal sealed class Destinations(int placesEach)
{
    private readonly ConcurrentDictionary<string, Places> _destinations = [];

    /// <summary>Waits for a place; disposing the answer gives it back.</summary>
    public async Task<IDisposable> EnterAsync(string destination, CancellationToken cancellation)
    {
        while (true)
        {
            var places = _destinations.GetOrAdd(destination, _ => new Places(placesEach));
            if (!places.TryJoin())
                continue;
            try
            {
                await places.Free.WaitAsync(cancellation);
                return new Place(this, destination, places);
            }
            catch
            {
                Leave(destination, places);
                throw;
            }
        }
    }

    /// <summary>The last to leave takes the destination off the list, so that the list does not grow for ever.</summary>
    private void Leave(string destination, Places places)
    {
        if (places.TryCloseAfterLeaving())
            _destinations.TryRemove(new KeyValuePair<string, Places>(destination, places));
    }

    private sealed class Places(int count)
    {
        private readonly Lock _lock = new();
        private int _members;
        private bool _closed;

        public SemaphoreSlim Free { get; } = new(count);

        public bool TryJoin()
        {
            lock (_lock)
            {
                if (_closed)
                    return false;
                _members++;
                return true;
            }
        }

        public bool TryCloseAfterLeaving()
        {
            lock (_lock)
                return _closed = --_members == 0;
        }
    }

    private sealed class Place(Destinations owner, string destination, Places places) : IDisposable
    {
        public void Dispose()
        {
            places.Free.Release();
            owner.Leave(destination, places);
        }
    }
}
