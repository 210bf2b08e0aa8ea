using CronCloud.Node.Hosting;

return await CronCloudHost.RunAsync(args, defaultRoles: ["scheduler", "worker", "recorder"], addServices: null, map: null);
