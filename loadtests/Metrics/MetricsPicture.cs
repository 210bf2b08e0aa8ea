using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace CronCloud.LoadTests.Metrics;

/// <summary>A run's metrics as an SVG: panels below each other, over one time.</summary>
internal static class MetricsPicture
{
    private const double Width = 1_000;
    private const double PanelHeight = 170;
    private const double Gap = 0.03;

    /// <summary>For the lines' names, above them.</summary>
    private const double Headroom = 1.3;

    private static readonly OxyColor[] Colors = [OxyColors.SteelBlue, OxyColors.DarkOrange, OxyColors.SeaGreen, OxyColors.Firebrick];

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
        await File.WriteAllTextAsync(file, SvgExporter.ExportToString(Model(title, points, panels), Width, (PanelHeight * panels.Length) + 60, isDocument: true, useVerticalTextAlignmentWorkaround: true));
    }

    private static PlotModel Model(string title, IReadOnlyList<MetricsPoint> points, Panel[] panels)
    {
        var model = new PlotModel { Title = title, TitleFontSize = 14, Background = OxyColors.White, PlotAreaBorderThickness = new OxyThickness(0), Padding = new OxyThickness(8, 20, 24, 8), PlotMargins = new OxyThickness(70, double.NaN, double.NaN, double.NaN) };
        var minutes = (points[^1].At - points[0].At).TotalMinutes;
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = "minutes", Minimum = 0, Maximum = minutes, MajorGridlineStyle = LineStyle.Dot });
        for (var i = 0; i < panels.Length; i++)
            Add(model, panels[i], 1.0 / panels.Length * (panels.Length - 1 - i), 1.0 / panels.Length, points, minutes);
        return model;
    }

    private static void Add(PlotModel model, Panel panel, double bottom, double height, IReadOnlyList<MetricsPoint> points, double minutes)
    {
        var highest = Math.Max(1, panel.Lines.SelectMany(line => points.Select(line.Value)).Max() ?? 0);
        model.Axes.Add(new LinearAxis
        {
            Key = panel.Name,
            Title = panel.Name,
            AxisTitleDistance = 20,
            Position = AxisPosition.Left,
            StartPosition = bottom + (Gap / 2),
            EndPosition = bottom + height - (Gap / 2),
            Minimum = 0,
            Maximum = highest * Headroom,
            MajorGridlineStyle = LineStyle.Dot,
            AxislineStyle = LineStyle.Solid,
        });
        for (var i = 0; i < panel.Lines.Count; i++)
        {
            var (name, value) = panel.Lines[i];
            var line = new LineSeries { YAxisKey = panel.Name, StrokeThickness = 1.5, Color = Colors[i] };
            line.Points.AddRange(points.Select(point => new DataPoint((point.At - points[0].At).TotalMinutes, value(point) ?? double.NaN)));
            model.Series.Add(line);
            model.Annotations.Add(new TextAnnotation
            {
                YAxisKey = panel.Name,
                Text = name,
                TextColor = Colors[i],
                TextPosition = new DataPoint(minutes * (0.01 + (0.15 * i)), highest * Headroom),
                TextHorizontalAlignment = HorizontalAlignment.Left,
                TextVerticalAlignment = VerticalAlignment.Top,
                StrokeThickness = 0,
                FontSize = 11,
            });
        }
    }

    private sealed record Panel(string Name, IReadOnlyList<(string Line, Func<MetricsPoint, double?> Value)> Lines);
}
