namespace CronCloud.Node.Hosting;

/// <summary>The twins' folder, held by one process at a time.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly FileStream _lock;

    private DataDirectory(FileStream fileLock) => _lock = fileLock;

    public static DataDirectory Open(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            return new DataDirectory(new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"CronCloud__DataDirectory: '{path}' cannot be used, perhaps because another CronCloud uses it: {refused.Message}");
        }
    }

    public void Dispose() => _lock.Dispose();
}
