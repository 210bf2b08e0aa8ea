namespace CronCloud.LoadTests.Scenarios;

/// <summary>
/// A day of attempts as SQL that the server runs: jobs at regular times, a tenth of them of four small tenants; 2 % of the executions fail at first, a twentieth of
/// these for good; answers of a dozen forms with numbers, ids and names that differ each time; twenty kinds of errors.
/// </summary>
internal static class HistorySource
{
    public const string Tenant = "acme";

    /// <summary>In the answer of one execution in five million.</summary>
    public const string RareText = "kumquat marmalade";

    public const string CommonText = "\"status\":\"ok\"";

    public const string AbsentText = "xylophone quartet";

    private const string Errors =
        """
        ['the connection was refused', 'no answer within 30 s', 'the name billing.internal could not be resolved', 'the TLS handshake failed: the certificate expired',
         'answered 500 Internal Server Error', 'answered 502 Bad Gateway', 'answered 503 Service Unavailable', 'answered 404 Not Found', 'answered 429 Too Many Requests', 'the connection was reset by peer',
         'the connection was closed before an answer', 'the answer was longer than 1 MB', 'no route to host 10.0.3.17', 'the target redirected, which is not followed',
         'the body could not be read: unexpected end of stream', 'answered 409 Conflict', 'the host is not allowed: private address', 'the proxy refused the tunnel', 'HTTP/2 stream was cancelled', 'answered 422 Unprocessable Content']
        """;

    private const string Outputs =
        """
        multiIf(
          job % 12 < 4, concat('{"status":"ok","processed":', toString(h3 % 5000), ',"skipped":', toString(h3 % 7), ',"durationMs":', toString(h4 % 900), ',"requestId":"', lower(hex(h4)), '"}'),
          job % 12 < 6, concat('{"ok":true,"invoiceId":"INV-2026-', leftPad(toString(n % 100000000), 8, '0'), '","amount":"', toString(h3 % 9000), '.', toString(h3 % 90 + 10), '","currency":"EUR","customer":"customer-', toString(h4 % 200000), '"}'),
          job % 12 = 6, 'OK',
          job % 12 = 7, '',
          job % 12 < 10, concat('<html><head><title>Done</title></head><body><h1>Job ', job_id, '</h1><p>', toString(h3 % 800), ' rows written to warehouse.orders_', toString(h4 % 40), ' in ', toString(h4 % 4000), ' ms</p></body></html>'),
          job % 12 = 10, concat('started batch ', toString(h3 % 100000), '\nloaded ', toString(h4 % 10000), ' records from s3://exports/', job_id, '/part-', toString(h3 % 64), '.parquet\nvalidated schema v', toString(job % 9), '\nwrote checkpoint ', lower(hex(h3)), '\nfinished without warnings'),
          concat('{"sent":', toString(h3 % 300), ',"bounced":', toString(h3 % 4), if(n % 5000000 = 1250011, ',"note":"kumquat marmalade recall"', ''), ',"campaign":"spring-', toString(job % 500), '"}'))
        """;

    /// <summary>An id that one execution names in its answer.</summary>
    public static string Invoice(long executions, int jobs) => $"INV-2026-{(executions / 2 / jobs * jobs) + 4:00000000}";

    /// <summary>Inserts the attempts of some of a day's executions, in the order of their due times.</summary>
    /// <param name="day">Its first second since 1970.</param>
    /// <param name="interval">Seconds between two executions of a job.</param>
    public static string Insert(long day, int jobs, double interval, long from, long count) => FormattableString.Invariant(
        $$"""
        INSERT INTO croncloud_history (tenant, job_id, scheduled_at, execution_id, attempt, status, result, trigger, dispatched_at, dispatched_by, started_at, duration_ms,
          node, trace_id, status_code, error, output, next_attempt_at, rank)
        SELECT tenant, job_id, fromUnixTimestamp64Milli(due_ms, 'UTC') AS due, concat(job_id, '@', formatDateTime(due, '%Y%m%dT%H%i%SZ')), attempt, status, result, 0,
          fromUnixTimestamp64Milli(sent_ms, 'UTC'), concat('engine-', toString(cityHash64(job) % 3)),
          fromUnixTimestamp64Milli(sent_ms + 3 + toInt64(intDiv(h2, 64) % 30), 'UTC'), toUInt64(exp(3.2 + (h3 % 1000 + intDiv(h3, 1000) % 1000 + intDiv(h3, 1000000) % 1000) / 600.)),
          concat('engine-', toString(intDiv(h2, 4096) % 6)), lower(concat(leftPad(hex(h2), 16, '0'), leftPad(hex(cityHash64(n, 7)), 16, '0'))),
          multiIf(result = 0, 200, result = 1, [500, 502, 503, 404, 429][1 + h3 % 5], NULL),
          nullIf(if(result = 0, '', {{Errors}}[1 + h3 % 20]), ''),
          nullIf(multiIf(result IN (2, 3), '', result = 1, concat('{"error":"internal","message":"could not process order ', toString(1000000 + h3 % 9000000), '"}'), {{Outputs}}), ''),
          if(status = 1, fromUnixTimestamp64Milli(sent_ms + 10000 + toInt64(h3 % 20000), 'UTC'), NULL),
          multiIf(result = 0, 4000000000, status = 3, 3000000001, 3000000000)
        FROM (
          SELECT n, job, tenant, job_id, due_ms, attempt, cityHash64(n, attempt) AS h2, cityHash64(n, attempt, 2) AS h3, cityHash64(n, attempt, 3) AS h4,
            due_ms + 5 + toInt64(h2 % 35) + (attempt - 1) * 21000 AS sent_ms,
            toUInt8(multiIf(NOT fails OR (NOT dies AND attempt = 2), 2, dies AND attempt = 6, 3, 1)) AS status,
            toUInt8(if(status = 2, 0, 1 + h2 % 3)) AS result
          FROM (
            SELECT number AS n, number % {{jobs}} AS job, cityHash64(number) % 10000 AS luck, luck < 200 AS fails, luck < 10 AS dies,
              if(job % 10 < 9, '{{Tenant}}', ['globex', 'initech', 'umbrella', 'hooli'][1 + intDiv(job, 10) % 4]) AS tenant,
              concat(['invoice-sync', 'nightly-report', 'cache-warm', 'health-check', 'export-orders', 'send-reminders', 'rebuild-index', 'poll-inbox', 'rotate-keys', 'refresh-rates'][1 + cityHash64(job, 1) % 10], '-', toString(job)) AS job_id,
              toInt64({{day}} + floor((intDiv(number, {{jobs}}) + (cityHash64(job, 2) % 100000) / 100000.) * {{interval}})) * 1000 AS due_ms,
              arrayJoin(if(dies, [1, 2, 3, 4, 5, 6], if(fails, [1, 2], [1]))) AS attempt
            FROM numbers({{from}}, {{count}})))
        """);
}
