using CronCloud.Engine.Ledger;
using CronCloud.Gateway.Api;
using CronCloud.Gateway.Http;
using CronCloud.Node.Hosting;

return await CronCloudHost.RunAsync(
    args,
    defaultRoles: NodeSettings.AllRoles,
    addServices: (builder, settings) =>
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1024 * 1024);
        builder.Services.AddOpenApi("v1");
        builder.Services.AddSingleton<JobChanges>();
        builder.Services.AddSingleton<JobLinesApi>();
        builder.Services.AddSingleton<RunningExecutions>();
        builder.Services.AddSingleton<KnownExecutions>();
        builder.Services.AddSingleton<ChannelChanges>();
        builder.Services.AddSingleton<ExecutionTimelines>();
        builder.Services.AddSingleton<LedgerDays>();
    },
    map: (app, settings) =>
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<AccessMiddleware>();
        app.UseMiddleware<IdempotencyMiddleware>();
        app.UseStatusCodePages(pages => Problem.OfStatus(pages.HttpContext.Response.StatusCode).WriteAsync(pages.HttpContext));
        app.MapOpenApi("/openapi/v1.json");
        var api = app.MapGroup("/v1");
        api.MapJobs();
        api.MapExecutions();
        api.MapDeadLetters();
        api.MapIncidents();
        api.MapSchedules();
        api.MapChannels();
        api.MapLedger();
    });
