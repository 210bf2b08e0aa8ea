using System.Security.Cryptography;
using System.Text;
using CronCloud.Core.Jobs;
using CronCloud.Engine.Jobs;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>What a batch of lines asks for: the changes, in order, and the lines that ask for nothing, since they are wrong.</summary>
internal sealed record ImportLines(IReadOnlyList<ImportLine> Lines, IReadOnlyList<ChangeJob> Changes)
{
    private static readonly Problem TooLong = new(413, "request.too_large", "The line is too long", $"A line must be at most {LineReader.MaxLineBytes} bytes.");

    /// <summary>Reads them, on as many cores as there are.</summary>
    /// <param name="batch">The lines.</param>
    /// <param name="tenant">Whose jobs they are.</param>
    /// <param name="nonce">What made-up ids are made of, with the line's number: the same ids for the same request; null for others each time.</param>
    public static ImportLines Read(LineBatch batch, string tenant, string? nonce)
    {
        var lines = new ImportLine[batch.Lines.Count];
        Parallel.For(0, lines.Length, i => lines[i] = Read(batch, batch.Lines[i], tenant, nonce));
        return new ImportLines(lines, [.. lines.Select(line => line.Change).OfType<ChangeJob>()]);
    }

    /// <summary>Whether both change one job.</summary>
    public bool HaveJobOf(ImportLines other)
    {
        var ids = other.Changes.Select(change => change.Id).ToHashSet(StringComparer.Ordinal);
        return Changes.Any(change => ids.Contains(change.Id));
    }

    private static ImportLine Read(LineBatch batch, LineBatch.Line line, string tenant, string? nonce)
    {
        if (line.IsTooLong)
            return new ImportLine(line.Number, null, null, TooLong);
        var text = batch.TextOf(line);
        if (line.Number == 1 && text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        var (request, id, problem) = JobLine.Read(text, tenant, () => NewId(nonce, line.Number, batch.TextOf(line)));
        return new ImportLine(line.Number, id, request is null ? null : new ChangeJob { Tenant = tenant, Id = request.Id, Action = JobAction.Put, Definition = request.Definition, State = request.State, By = "api" }, problem);
    }

    /// <summary>The same for the same line of a request that is sent again, and for no other line: of another body under the same key it must not be that of a job that is there.</summary>
    private static string NewId(string? nonce, int number, ReadOnlySpan<byte> text)
    {
        const int length = 8;
        var bytes = nonce is null ? RandomNumberGenerator.GetBytes(length) : SHA256.HashData([.. Encoding.UTF8.GetBytes($"{nonce}/{number}/"), .. text])[..length];
        return "job-" + Convert.ToHexStringLower(bytes);
    }
}

/// <summary>A line of an import: either what it asks for, or what is wrong with it.</summary>
internal sealed record ImportLine(int Number, string? Id, ChangeJob? Change, Problem? Problem);
