using CronCloud.Core.Outcomes;
using CronCloud.Core.Streams;
using Microsoft.Extensions.Logging;

namespace CronCloud.Engine.Outcomes;

/// <summary>Reads outcomes for those who take them off their stream.</summary>
internal static partial class OutcomeMessages
{
    /// <summary>
    /// What the conversion makes of each outcome. A message that is no outcome, or one that nothing can be made of, is logged and left out: whatever is wrong with it is wrong
    /// the next time too, and must not stop the others.
    /// </summary>
    public static List<OutcomeMessage<T>> Read<T>(this IReadOnlyList<Delivery> deliveries, Func<Outcome, T> convert, ILogger logger)
    {
        var messages = new List<OutcomeMessage<T>>(deliveries.Count);
        foreach (var delivery in deliveries)
        {
            try
            {
                messages.Add(new OutcomeMessage<T>(delivery, convert(Outcome.FromJson(delivery.Body.Span))));
            }
            catch (Exception unreadable)
            {
                LogUnreadable(logger, unreadable.GetType().Name, unreadable.Message);
            }
        }

        return messages;
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Error, Message = "A message on the outcome stream is no outcome and is taken out: {Kind}: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string kind, string reason);
}

/// <summary>A delivery, and what was made of its outcome.</summary>
internal sealed record OutcomeMessage<T>(Delivery Delivery, T Content);
