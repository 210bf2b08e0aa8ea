using System.Buffers;
using System.Text.Json;
using CronCloud.Engine.Jobs;
using CronCloud.Gateway.Http;

namespace CronCloud.Gateway.Api;

/// <summary>A result line for each line of an import.</summary>
internal static class ImportAnswer
{
    private const int BytesPerLine = 64;

    private static readonly JsonWriterOptions Options = new() { Encoder = ApiJson.Options.Encoder, SkipValidation = true };

    public static ReadOnlyMemory<byte> Of(IReadOnlyList<ImportLine> lines, IReadOnlyList<JobReply> replies)
    {
        var answer = new ArrayBufferWriter<byte>(BytesPerLine * lines.Count);
        using var json = new Utf8JsonWriter(answer, Options);
        var next = 0;
        foreach (var line in lines)
        {
            Write(json, line, line.Change is null ? null : replies[next++]);
            json.Flush();
            json.Reset();
            answer.Write("\n"u8);
        }

        return answer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, ImportLine line, JobReply? reply)
    {
        var problem = line.Problem ?? (reply is null ? null : JobChanges.ProblemOf(reply));
        json.WriteStartObject();
        json.WriteNumber("line"u8, line.Number);
        json.WriteString("id"u8, line.Id);
        json.WriteString("status"u8, problem is not null ? "failed"u8 : reply!.IsUnchanged ? "unchanged"u8 : reply.Created ? "created"u8 : "updated"u8);
        if (problem is not null)
            Write(json, problem);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Problem problem)
    {
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, problem.Code);
        json.WriteString("detail"u8, problem.Detail);
        if (problem.Errors is { } errors)
        {
            json.WritePropertyName("errors"u8);
            JsonSerializer.Serialize(json, errors, ApiJson.Options);
        }

        json.WriteEndObject();
    }
}
