using System.Diagnostics;
using CronCloud.Core;
using CronCloud.Engine.Clocks;
using CronCloud.Engine.Executing;

namespace CronCloud.Node.Hosting;

/// <summary>Starts and runs a process of CronCloud: settings, then the parts it stands on, then the engine. The gateway adds its API to it.</summary>
public static class CronCloudHost
{
    /// <summary>Settings are read at the start: nothing watches the folder for changed ones.</summary>
    private const string ReadSettingsOnce = "--hostBuilder:reloadConfigOnChange=false";

    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(15);

    /// <summary>Runs until told to stop, and answers the process' exit code. What makes a start impossible is said in one line.</summary>
    public static async Task<int> RunAsync(string[] args, IReadOnlyList<string> defaultRoles, Action<WebApplicationBuilder, NodeSettings>? addServices, Action<WebApplication, NodeSettings>? map)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var builder = WebApplication.CreateBuilder([ReadSettingsOnce, .. args]);
            var settings = NodeSettings.Read(builder.Configuration, defaultRoles);
            CheckUrls(builder.Configuration["urls"]);
            if (builder.Configuration.GetSection("Cluster").Exists())
                await Console.Error.WriteLineAsync("Cluster__… is not needed and not read: nodes find each other through Redis.");
            using var directory = settings.UsesFiles ? DataDirectory.Open(settings.DataDirectory) : null;
            if (settings is { Sql: null, Alerts.SigningKey: null }) // the record is this node's alone, and so is the key
                settings = settings with { Alerts = settings.Alerts with { SigningKey = SigningKeyFile.Open(settings.DataDirectory) } };
            AddDefaults(builder);
            builder.Services.AddSingleton(settings);
            builder.Services.AddBackends(settings);
            builder.Services.AddEngine(settings);
            builder.Services.AddChannels(settings);
            builder.Services.AddHeartbeatPing(settings);
            builder.Services.AddHealth();
            builder.Services.AddTelemetry(settings, builder.Configuration);
            addServices?.Invoke(builder, settings);
            builder.Services.AddPausePoints(Environment.GetEnvironmentVariable(PausePoints.Variable));

            await using var app = builder.Build();
            await OpenDependenciesAsync(app.Services);
            await LearnTimeAsync(app.Services.GetRequiredService<ClockGuard>());
            if (settings.Nats is not null && (settings.Has("scheduler") || settings.Has("worker"))) // alone, nobody could start sooner what is due
                await app.Services.GetRequiredService<Rehearsal>().RunAsync();
            app.MapHealth();
            app.MapMetrics();
            map?.Invoke(app, settings);
            await StartAsync(app);
            StartLines.Write(app, settings, Stopwatch.GetElapsedTime(started));
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (SettingException wrong)
        {
            await Console.Error.WriteLineAsync($"croncloud cannot start: {wrong.Message}");
            return 1;
        }
    }

    private static void CheckUrls(string? urls)
    {
        foreach (var url in (urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                BindingAddress.Parse(url);
            }
            catch (FormatException wrong)
            {
                throw new SettingException($"Urls: {FirstLine(wrong)}");
            }
        }
    }

    /// <summary>What fails here is the address to listen on: everything else is open already.</summary>
    private static async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch (Exception refused) when (refused is IOException or System.Net.Sockets.SocketException)
        {
            throw new SettingException($"Urls: {FirstLine(refused)}");
        }
    }

    private static void AddDefaults(WebApplicationBuilder builder)
    {
        if (builder.Configuration["urls"] is null)
            builder.WebHost.UseUrls("http://127.0.0.1:8080");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Services.AddSingleton(new DisciplinedClock(TimeProvider.System));
        builder.Services.AddSingleton<TimeProvider>(services => services.GetRequiredService<DisciplinedClock>());
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(60));
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Akka", LogLevel.Error);
    }

    private static async Task OpenDependenciesAsync(IServiceProvider services)
    {
        foreach (var dependency in services.GetServices<IDependency>())
        {
            using var limit = new CancellationTokenSource(OpenLimit);
            try
            {
                await dependency.OpenAsync(limit.Token);
            }
            catch (Exception away) when (away is not SettingException)
            {
                var reason = limit.IsCancellationRequested ? $"no answer within {OpenLimit.TotalSeconds} s" : FirstLine(away);
                throw new SettingException($"ConnectionStrings__{dependency.Name}: {dependency.Description} cannot be used: {reason}");
            }
        }
    }

    /// <summary>Nothing may go by the machine's clock before it was compared: a job that is changed, or an attempt that is made, has times.</summary>
    private static async Task LearnTimeAsync(ClockGuard guard)
    {
        using var limit = new CancellationTokenSource(OpenLimit);
        try
        {
            while (await guard.RunOnceAsync(limit.Token) is var pause && !guard.IsKnown)
                await Task.Delay(pause, TimeProvider.System, limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new SettingException($"no server told its time within {OpenLimit.TotalSeconds} s");
        }
    }

    private static string FirstLine(Exception exception) => exception.Message.Split('\n', 2)[0].Trim();
}
