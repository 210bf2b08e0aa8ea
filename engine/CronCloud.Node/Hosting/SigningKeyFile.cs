using System.Security.Cryptography;
using CronCloud.Core.Signatures;

namespace CronCloud.Node.Hosting;

/// <summary>The signing key of an installation on twins that was given none: made at its first start, and kept beside the twins' files for its owner's eyes only.</summary>
internal static class SigningKeyFile
{
    public const string Name = "signing.key";

    public static SigningKey Open(string directory)
    {
        var path = Path.Combine(directory, Name);
        try
        {
            if (!File.Exists(path))
                Write(path);
            return SigningKey.Read(File.ReadAllText(path)) ?? throw new SettingException($"CronCloud__DataDirectory: '{path}' holds no signing key. With a new one, receivers would have to be told new secrets; to have one made, delete the file.");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"CronCloud__DataDirectory: '{path}' cannot be used: {refused.Message}");
        }
    }

    /// <summary>Whole, or not there: a half-written key would be another one.</summary>
    private static void Write(string path)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(unfinished, options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(SigningKey.MinBytes))));
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path);
    }
}
