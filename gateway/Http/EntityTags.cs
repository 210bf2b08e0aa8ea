using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace CronCloud.Gateway.Http;

/// <summary>ETags, and whether a request's conditions hold for one.</summary>
internal static class EntityTags
{
    public static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>Tells a version also from the same one of a thing that was made anew under the id.</summary>
    public static string Of(long version, DateTimeOffset createdAt) => string.Create(CultureInfo.InvariantCulture, $"\"{version}.{createdAt.ToUnixTimeMilliseconds()}\"");

    /// <summary>Whether If-None-Match names the tag. Weakly compared, as RFC 9110 has it: a proxy that compresses makes tags weak.</summary>
    public static bool IsKnown(string ifNoneMatch, string tag) =>
        ifNoneMatch == "*" || ifNoneMatch.Split(',', StringSplitOptions.TrimEntries).Any(known => known == tag || known == $"W/{tag}");

    /// <summary>Whether the request is meant for what there is now: <c>If-Match</c> and <c>If-None-Match: *</c>. Null is nothing there.</summary>
    public static bool MayChange(HttpRequest request, string? tag)
    {
        if (request.Headers.IfNoneMatch == "*" && tag is not null)
            return false;
        var match = request.Headers.IfMatch.ToString();
        if (match.Length == 0)
            return true;
        return tag is not null && (match == "*" || (EntityTagHeaderValue.TryParseList([match], out var wanted) && wanted.Any(w => !w.IsWeak && w.Tag == tag)));
    }
}
