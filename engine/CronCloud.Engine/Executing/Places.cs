namespace CronCloud.Engine.Executing;

/// <summary>
/// The places at one destination, and who waits for them. A crowd at a destination that answers quickly gets its turn; at one that does not, only so many may wait, and not for
/// ever: all who wait are held by the worker, and what is due for others is behind them in the queue.
/// </summary>
internal sealed class Places(int count, int maxWaiting, TimeProvider time)
{
    /// <summary>So long an attempt waits at most.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>After so long it is looked whether those who wait beyond the limit get their turn in about as long again.</summary>
    private static readonly TimeSpan CrowdPatience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource<bool>> _waiting = [];
    private int _free = count;
    private int _members;
    private long _given;
    private bool _isSlow;
    private bool _closed;

    /// <summary>False when the destination was taken off the list meanwhile.</summary>
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

    /// <summary>True with a place; false when there is none to be had in time.</summary>
    public async Task<bool> TakeAsync(CancellationToken cancellation)
    {
        LinkedListNode<TaskCompletionSource<bool>> turn;
        long given;
        int ahead;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return true;
            }

            (given, ahead) = (_given, _waiting.Count);
            if (ahead >= maxWaiting && _isSlow)
                return false;
            turn = _waiting.AddLast(new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        try
        {
            if (ahead < maxWaiting)
                return await WaitAsync(turn, Patience, cancellation) || Decline(turn, isSlow: false);
            return await WaitAsync(turn, CrowdPatience, cancellation)
                || (IsTooFar(given, ahead) ? Decline(turn, isSlow: true) : await WaitAsync(turn, Patience - CrowdPatience, cancellation) || Decline(turn, isSlow: true));
        }
        catch (OperationCanceledException)
        {
            if (Decline(turn, isSlow: false))
                GiveBack();
            throw;
        }
    }

    /// <summary>The place goes to the one who has waited longest.</summary>
    public void GiveBack()
    {
        TaskCompletionSource<bool>? next = null;
        lock (_lock)
        {
            _given++;
            if (_waiting.First is { } first)
            {
                _waiting.Remove(first);
                next = first.Value;
            }
            else
            {
                _free++;
            }

            _isSlow &= _waiting.Count > 0;
        }

        next?.SetResult(true);
    }

    private async Task<bool> WaitAsync(LinkedListNode<TaskCompletionSource<bool>> turn, TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            return await turn.Value.Task.WaitAsync(limit, time, cancellation);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Whether those ahead would need longer than about twice what they have been waited for.</summary>
    private bool IsTooFar(long given, int ahead)
    {
        lock (_lock)
            return _given - given < ahead / 3;
    }

    /// <summary>Waits no longer. True when a place was given at this very moment.</summary>
    private bool Decline(LinkedListNode<TaskCompletionSource<bool>> turn, bool isSlow)
    {
        lock (_lock)
        {
            if (turn.List is null)
                return true;
            _waiting.Remove(turn);
            _isSlow |= isSlow;
            return false;
        }
    }
}
