using CronCloud.ClickHouseHost;

// ClickHouse's HTTP interface over the engine in libchdb.so, as far as ClickHouse.Driver needs it. For tests only.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);

using var engine = new Engine(Required("library"), Required("path"));

var app = builder.Build();
app.MapGet("/ping", () => "Ok.\n");
app.MapMethods("/", ["GET", "POST"], context => HttpInterface.AnswerAsync(context, engine));
await app.RunAsync();

string Required(string name) => builder.Configuration[name] ?? throw new InvalidOperationException($"--{name} is missing");
