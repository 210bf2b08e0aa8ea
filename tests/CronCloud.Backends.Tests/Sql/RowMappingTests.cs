using System.Reflection;
using System.Runtime.CompilerServices;
using CronCloud.Backends.Sql;
using LinqToDB.Mapping;

namespace CronCloud.Backends.Tests.Sql;

public sealed class RowMappingTests
{
    /// <summary>Others are joined by "equal, or both null", for which PostgreSQL reads all of a table with five million jobs.</summary>
    [Fact]
    public void A_column_may_be_null_where_its_property_may_and_nowhere_else()
    {
        RuntimeHelpers.RunClassConstructor(typeof(SqlDatabase).TypeHandle);
        var rows = typeof(SqlDatabase).Assembly.GetTypes().Where(type => type.GetCustomAttribute<TableAttribute>() is not null).ToList();
        var nullability = new NullabilityInfoContext();

        Assert.Contains(typeof(JobRow), rows);
        foreach (var column in rows.SelectMany(row => MappingSchema.Default.GetEntityDescriptor(row).Columns))
        {
            var property = Assert.IsAssignableFrom<PropertyInfo>(column.MemberInfo);
            Assert.True(column.CanBeNull == (nullability.Create(property).ReadState == NullabilityState.Nullable), $"{property.DeclaringType!.Name}.{property.Name}");
        }
    }
}
