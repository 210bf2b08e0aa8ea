namespace CronCloud.Core.Alerts;

/// <summary>Why a message did not go through a channel, for people: without secrets.</summary>
public abstract class ChannelException(string message, Exception? inner) : Exception(message, inner);

/// <summary>CronCloud lacks a setting without which channels of the kind do not work; the message names it.</summary>
public sealed class ChannelNotConfiguredException(string message) : ChannelException(message, inner: null);

/// <summary>Whoever was to take the message was not there, or said no.</summary>
public sealed class ChannelFailedException(string message, Exception? inner = null) : ChannelException(message, inner)
{
    /// <summary>The addresses that do not have the message and may take it later; empty when nobody has it.</summary>
    public IReadOnlyList<string> Remaining { get; init; } = [];
}
