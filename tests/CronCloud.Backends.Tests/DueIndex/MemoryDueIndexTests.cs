using CronCloud.Backends.DueIndex;
using CronCloud.Core.Due;

namespace CronCloud.Backends.Tests.DueIndex;

public sealed class MemoryDueIndexTests : DueIndexContract
{
    protected override Task<IDueIndex> OpenAsync() => Task.FromResult<IDueIndex>(new MemoryDueIndex());
}
