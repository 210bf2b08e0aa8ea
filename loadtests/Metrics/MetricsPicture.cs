using System.Globalization;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace CronCloud.LoadTests.Metrics;

/// <summary>A run's metrics as an SVG: panels below each other, over one time.</summary>
internal static class MetricsPicture
{
    private const double Width = 1_000;
    private const double PanelHeight = 170;
    private const double Gap = 0.03;

    public static async Task WriteAsync(string file, string title, IReadOnlyList<MetricsPoint> points)
    {
        Panel[] panels =
        [
            new("executions / s", [("dispatched", p => p.DispatchedRate), ("succeeded", p => p.SucceededRate), ("retried", p => p.RetriedRate), ("dead-lettered", p => p.DeadLetteredRate)]),
            new("lateness at start, ms", [("p50", p => p.LatenessP50 * 1_000), ("p99", p => p.LatenessP99 * 1_000)]),
            new("execution queue", [("in flight", p => p.InFlight), ("waiting", p => p.QueueDepth)]),
            new("outcomes waiting", [("for the settler", p => p.SettlerLag), ("for history", p => p.HistoryLag)]),
            new("processes", [("cores", p => p.Cores), ("memory, GB", p => p.MemoryMb / 1_000)]),
        ];
        await File.WriteAllTextAsync(file, SvgExporter.ExportToString(Model(title, points, panels), Width, (PanelHeight * panels.Length) + 60, isDocument: true));
    }

    private static PlotModel Model(string title, IReadOnlyList<MetricsPoint> points, Panel[] panels)
    {
        var model = new PlotModel { Title = title, TitleFontSize = 14, Background = OxyColors.White, PlotAreaBorderThickness = new OxyThickness(0) };
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = "minutes", Minimum = 0, MajorGridlineStyle = LineStyle.Dot });
        var share = 1.0 / panels.Length;
        for (var i = 0; i < panels.Length; i++)
        {
            var (name, key) = (panels[i].Name, string.Create(CultureInfo.InvariantCulture, $"panel-{i}"));
            model.Axes.Add(new LinearAxis
            {
                Key = key,
                Title = name,
                Position = AxisPosition.Left,
                StartPosition = 1 - ((i + 1) * share) + (Gap / 2),
                EndPosition = 1 - (i * share) - (Gap / 2),
                Minimum = 0,
                MajorGridlineStyle = LineStyle.Dot,
                AxislineStyle = LineStyle.Solid,
            });
            foreach (var (line, value) in panels[i].Lines)
                model.Series.Add(Line($"{name}: {line}", key, points, value));
        }

        model.Legends.Add(new Legend { LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.RightTop, LegendFontSize = 10 });
        return model;
    }

    private static LineSeries Line(string title, string axis, IReadOnlyList<MetricsPoint> points, Func<MetricsPoint, double?> value)
    {
        var line = new LineSeries { Title = title, YAxisKey = axis, StrokeThickness = 1.5 };
        line.Points.AddRange(points.Select(point => new DataPoint((point.At - points[0].At).TotalMinutes, value(point) ?? double.NaN)));
        return line;
    }

    private sealed record Panel(string Name, IReadOnlyList<(string Line, Func<MetricsPoint, double?> Value)> Lines);
}
