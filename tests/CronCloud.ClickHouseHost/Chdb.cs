using System.Reflection;
using System.Runtime.InteropServices;

namespace CronCloud.ClickHouseHost;

/// <summary>The part of chdb.h that is used here, name for name.</summary>
static unsafe partial class Chdb
{
    const string Library = "chdb";

    public static void LoadFrom(string path)
    {
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name == Library ? NativeLibrary.Load(path) : 0);
        chdb_set_signal_handlers_enabled(0); // the runtime has its own
    }

    [LibraryImport(Library)] private static partial void chdb_set_signal_handlers_enabled(int enabled);

    /// <returns>A pointer to the connection.</returns>
    [LibraryImport(Library)] public static partial nint* chdb_connect(int count, byte** arguments);
    [LibraryImport(Library)] public static partial void chdb_close_conn(nint* connection);

    [LibraryImport(Library)]
    public static partial nint chdb_query_with_params_n(
        nint connection, byte* query, nuint queryLength, byte* format, nuint formatLength,
        byte** names, nuint* nameLengths, byte** values, nuint* valueLengths, nuint count);

    [LibraryImport(Library)] public static partial byte* chdb_result_buffer(nint result);
    [LibraryImport(Library)] public static partial nuint chdb_result_length(nint result);
    [LibraryImport(Library)] public static partial byte* chdb_result_error(nint result);
    [LibraryImport(Library)] public static partial ulong chdb_result_rows_read(nint result);
    [LibraryImport(Library)] public static partial ulong chdb_result_bytes_read(nint result);
    [LibraryImport(Library)] public static partial ulong chdb_result_rows_written(nint result);
    [LibraryImport(Library)] public static partial void chdb_destroy_query_result(nint result);

    [LibraryImport(Library)] public static partial nint chdb_stream_insert_n(nint connection, byte* query, nuint queryLength, byte* format, nuint formatLength);
    [LibraryImport(Library)] public static partial int chdb_stream_append(nint stream, byte* data, nuint length);
    [LibraryImport(Library)] public static partial nint chdb_stream_done(nint stream);
    [LibraryImport(Library)] public static partial byte* chdb_stream_insert_error(nint stream);
    [LibraryImport(Library)] public static partial void chdb_destroy_insert_stream(nint stream);
}
