using System.Runtime.InteropServices;
using System.Text;

namespace CronCloud.ClickHouseHost;

/// <summary>The one connection to the engine. The callers take turns: <see cref="HttpInterface"/> asks one thing at a time.</summary>
sealed unsafe class Engine : IDisposable
{
    readonly nint* _connection;
    string _database = "default";

    public Engine(string library, string path)
    {
        Chdb.LoadFrom(library);
        using var arguments = new Utf8Array(["clickhouse", $"--path={path}"]);
        _connection = Chdb.chdb_connect(2, arguments.Pointers);
        if (_connection is null) throw new InvalidOperationException($"The engine does not open {path}");
    }

    /// <summary>Held by whoever uses the connection: it runs one statement at a time.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    public void Use(string database)
    {
        if (database == _database) return;
        Query($"USE `{database.Replace("`", "``")}`");
        _database = database;
    }

    public EngineResult Query(string sql) => Query(Encoding.UTF8.GetBytes(sql), "TabSeparated", []);

    public EngineResult Query(ReadOnlySpan<byte> sql, string format, IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        using var names = new Utf8Array([.. parameters.Select(parameter => parameter.Key)]);
        using var values = new Utf8Array([.. parameters.Select(parameter => parameter.Value)]);
        var formatBytes = Encoding.UTF8.GetBytes(format);
        fixed (byte* query = sql, formatPointer = formatBytes)
            return Read(Chdb.chdb_query_with_params_n(
                *_connection, query, (nuint)sql.Length, formatPointer, (nuint)formatBytes.Length,
                names.Pointers, names.Lengths, values.Pointers, values.Lengths, (nuint)parameters.Count));
    }

    /// <summary>Rows in a binary format may hold any byte, so they do not travel inside the statement.</summary>
    public EngineResult Insert(ReadOnlySpan<byte> statement, string format, ReadOnlySpan<byte> rows)
    {
        var formatBytes = Encoding.UTF8.GetBytes(format);
        nint stream;
        fixed (byte* query = statement, formatPointer = formatBytes)
            stream = Chdb.chdb_stream_insert_n(*_connection, query, (nuint)statement.Length, formatPointer, (nuint)formatBytes.Length);
        try
        {
            EngineException.ThrowIf(Chdb.chdb_stream_insert_error(stream));
            fixed (byte* data = rows)
                if (Chdb.chdb_stream_append(stream, data, (nuint)rows.Length) != 0)
                    EngineException.ThrowIf(Chdb.chdb_stream_insert_error(stream));
            return Read(Chdb.chdb_stream_done(stream));
        }
        finally
        {
            Chdb.chdb_destroy_insert_stream(stream);
        }
    }

    public void Dispose()
    {
        Chdb.chdb_close_conn(_connection);
        Turn.Dispose();
    }

    static EngineResult Read(nint result)
    {
        if (result == 0) throw new EngineException("Code: 1002. DB::Exception: The engine gave no result");
        try
        {
            EngineException.ThrowIf(Chdb.chdb_result_error(result));
            var body = new ReadOnlySpan<byte>(Chdb.chdb_result_buffer(result), (int)Chdb.chdb_result_length(result)).ToArray();
            return new(body, Chdb.chdb_result_rows_read(result), Chdb.chdb_result_bytes_read(result), Chdb.chdb_result_rows_written(result));
        }
        finally
        {
            Chdb.chdb_destroy_query_result(result);
        }
    }

    /// <summary>Strings as C wants them: an array of pointers and one of lengths.</summary>
    sealed class Utf8Array : IDisposable
    {
        readonly nint[] _strings;

        public Utf8Array(string[] strings)
        {
            _strings = [.. strings.Select(Marshal.StringToCoTaskMemUTF8)];
            Pointers = (byte**)NativeMemory.Alloc((nuint)strings.Length + 1, (nuint)sizeof(nint));
            Lengths = (nuint*)NativeMemory.Alloc((nuint)strings.Length + 1, (nuint)sizeof(nuint));
            for (var i = 0; i < strings.Length; i++)
            {
                Pointers[i] = (byte*)_strings[i];
                Lengths[i] = (nuint)Encoding.UTF8.GetByteCount(strings[i]);
            }
        }

        public byte** Pointers { get; }
        public nuint* Lengths { get; }

        public void Dispose()
        {
            foreach (var text in _strings) Marshal.FreeCoTaskMem(text);
            NativeMemory.Free(Pointers);
            NativeMemory.Free(Lengths);
        }
    }
}
