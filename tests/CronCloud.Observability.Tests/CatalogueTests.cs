using System.Reflection;
using System.Text.RegularExpressions;
using CronCloud.Core.Executions;
using CronCloud.Engine.Loops;
using CronCloud.Node.Hosting;
using Microsoft.Extensions.Logging;

namespace CronCloud.Observability.Tests;

/// <summary>The catalogue in docs/ against the code: neither has what the other has not.</summary>
public sealed partial class CatalogueTests
{
    private static readonly Assembly[] Product =
        [typeof(Execution).Assembly, typeof(Backends.Sql.SqlDatabase).Assembly, typeof(ILoop).Assembly, typeof(CronCloudHost).Assembly, Assembly.Load("CronCloud.Gateway")];

    [Fact]
    public void Every_instrument_has_a_row_with_its_type_and_unit()
    {
        var rows = Catalogue.Instruments.ToLookup(row => row.Name);
        foreach (var (file, name, type, unit) in Instruments.InSources())
        {
            var row = rows[name].SingleOrDefault();
            Assert.True(row is not null, $"{file} makes {name}: add a row for it to a table of metrics in {Catalogue.Page}: | `{name}` | {type} | `{unit}` | tags | meaning |");
            Assert.True((row.Type, row.Unit) == (type, unit), $"{file}: {name} is a {type} of unit '{unit}', and {Catalogue.Page} says {row.Type} of '{row.Unit}'.");
        }
    }

    [Fact]
    public void Every_row_has_an_instrument()
    {
        var made = Instruments.InSources().Select(instrument => instrument.Name).ToHashSet();

        Assert.NotEmpty(made);
        Assert.All(Catalogue.Instruments, row => Assert.True(made.Contains(row.Name), $"{Catalogue.Page} has {row.Name}, which no source makes."));
    }

    [Fact]
    public void Every_log_event_has_an_id_of_its_own_and_a_row()
    {
        var rows = Catalogue.LogEvents.ToLookup(row => row.Id, row => row.Level);
        var seen = new Dictionary<int, string>();
        foreach (var (method, message) in LogMessages())
        {
            var name = $"{method.DeclaringType!.Name}.{method.Name}";
            Assert.True(message.EventId > 0, $"{name} has no id: give its LoggerMessage the next free EventId of its house's range (see 'Log events' in {Catalogue.Page}), and add a row there.");
            Assert.True(seen.TryAdd(message.EventId, name), $"{name} and {seen.GetValueOrDefault(message.EventId)} both have the id {message.EventId}: give one of them the next free id of its house's range.");
            Assert.True(rows[message.EventId].Any(), $"{name} has the id {message.EventId}: add a row to 'Log events' in {Catalogue.Page}: | {message.EventId} | {message.Level} | when | what to do |");
            Assert.Equal((name, message.Level.ToString()), (name, Assert.Single(rows[message.EventId])));
        }

        Assert.All(rows, row => Assert.True(seen.ContainsKey(row.Key), $"{Catalogue.Page} has the log event {row.Key}, which no source writes."));
    }

    [Fact]
    public void Every_event_on_NATS_has_a_row()
    {
        var source = Instruments.Sources().Single(file => file.EndsWith("/ExecutionEvents.cs", StringComparison.Ordinal));
        var told = EventName().Matches(File.ReadAllText(source)).Select(name => name.Groups["name"].Value);

        Assert.Equal(told.Order(), Catalogue.NatsEvents.Order());
    }

    [GeneratedRegex("=> \"(?<name>[a-zA-Z]+)\",")]
    private static partial Regex EventName();

    private static IEnumerable<(MethodInfo Method, LoggerMessageAttribute Message)> LogMessages()
    {
        const BindingFlags any = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return Product.SelectMany(assembly => assembly.GetTypes()).SelectMany(type => type.GetMethods(any))
            .SelectMany(method => method.GetCustomAttributes<LoggerMessageAttribute>().Select(message => (method, message)));
    }
}
