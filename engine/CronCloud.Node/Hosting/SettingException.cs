namespace CronCloud.Node.Hosting;

/// <summary>A setting or a server without which the process cannot start. Its message is the one line that people see.</summary>
public sealed class SettingException(string message) : Exception(message);
