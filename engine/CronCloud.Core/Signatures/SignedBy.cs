namespace CronCloud.Core.Signatures;

/// <summary>By what the requests of an execution are signed. A name and no secret: whoever makes the attempt derives it.</summary>
/// <param name="Key">The secret's name: <c>channel/ops/1796094000000</c>.</param>
/// <param name="MessageId">The same at each attempt; of A-Z a-z 0-9 _ -.</param>
public sealed record SignedBy(string Key, string MessageId);
