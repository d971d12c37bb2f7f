//! Charts as SVG, for a page: no text of theirs comes from outside.
//!
//! Colours are names for the page's style sheet, which gives each another one in the dark.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::sim::report::{Day, Distribution, EscalationLevel};

/// Width of a chart, in units of its own; the page scales it.
const WIDTH: u32 = 640;

/// Height of most charts.
const HEIGHT: u32 = 260;

/// The style sheet knows these colours, and what they are in the dark.
pub(super) const SERIES: [RGBColor; 4] =
    [RGBColor(0x2f, 0x6d, 0xb5), RGBColor(0xd9, 0x82, 0x2b), RGBColor(0x3c, 0x91, 0x5e), RGBColor(0xb8, 0x3b, 0x3b)];
const INK: RGBColor = RGBColor(0x22, 0x26, 0x2b);
const GRID: RGBColor = RGBColor(0xdd, 0xe1, 0xe6);

type Plane<'a, B> = ChartContext<'a, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Drawn<B, T = ()> = Result<T, DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// A line of a chart over time: its name and a figure for each day.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) figures: Vec<f64>,
}

/// How lead times are distributed, with the quantiles as lines; nothing where nothing was completed.
pub(super) fn histogram(lead: &Distribution) -> String {
    if lead.bins.is_empty() {
        return String::new();
    }
    drawn(HEIGHT, |area| {
        let most = lead.bins.iter().map(|bin| bin.count).max().unwrap_or(1) as f64;
        // The last bin goes on to the longest, which may be far: it is as wide as the others here.
        let width = lead.bins.first().map_or(1.0, |bin| bin.to_hours - bin.from_hours);
        let right = lead.bins.last().map_or(1.0, |bin| bin.from_hours) + width;
        let (unit, per_unit) = if right > 96.0 { ("days", 24.0) } else { ("hours", 1.0) };
        let mut chart = plane(area, right / per_unit, most * 1.18)?;
        mesh(&mut chart, &format!("lead time in {unit}"), "how many")?;
        let bars = lead.bins.iter().filter(|bin| bin.count > 0).map(|bin| {
            let (left, end) = (bin.from_hours / per_unit, (bin.from_hours + width * 0.92) / per_unit);
            Rectangle::new([(left, 0.0), (end, bin.count as f64)], SERIES[0].filled())
        });
        chart.draw_series(bars)?;
        let quantiles = [("50 %", lead.p50_hours), ("90 %", lead.p90_hours), ("99 %", lead.p99_hours)];
        for (place, (name, hours)) in quantiles.into_iter().enumerate() {
            let (x, height) = (hours / per_unit, most * (1.14 - 0.07 * place as f64));
            chart.draw_series([PathElement::new(vec![(x, 0.0), (x, height)], SERIES[1].stroke_width(2))])?;
            let near_end = x * per_unit > right * 0.9;
            let text = ("sans-serif", 13).into_font().color(&INK);
            let left = if near_end { x - right / per_unit * 0.065 } else { x + right / per_unit * 0.008 };
            chart.draw_series([Text::new(name, (left, height), text)])?;
        }
        Ok(())
    })
}

/// Figures over the days as lines; nothing where there are none.
pub(super) fn over_time(series: &[Series], what: &str) -> String {
    let days = series.iter().map(|one| one.figures.len()).max().unwrap_or(0);
    if days == 0 {
        return String::new();
    }
    drawn(HEIGHT, |area| {
        let most = series.iter().flat_map(|one| &one.figures).copied().fold(1.0, f64::max);
        // Room above the lines for their names, where there are several.
        let room = if series.len() > 1 { 1.2 + 0.12 * series.len() as f64 } else { 1.1 };
        let mut chart = plane(area, days as f64, most * room)?;
        mesh(&mut chart, "day", what)?;
        for (one, colour) in series.iter().zip(SERIES) {
            // A figure is that of a whole day: it stands in its middle.
            let points = one.figures.iter().enumerate().map(|(day, figure)| (day as f64 + 0.5, *figure));
            let points: Vec<(f64, f64)> = points.collect();
            if points.len() <= 40 {
                chart.draw_series(points.iter().map(|at| Circle::new(*at, 3, colour.filled())))?;
            }
            let line = chart.draw_series([PathElement::new(points, colour.stroke_width(2))])?;
            line.label(one.name).legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 12, y + 4)], colour.filled()));
        }
        if series.len() > 1 {
            legend(&mut chart)?;
        }
        Ok(())
    })
}

/// What became of escalations at each level, as a bar each; nothing where none was raised.
pub(super) fn escalations(levels: &[EscalationLevel]) -> String {
    let came = |level: &EscalationLevel| level.raised + level.climbed_in;
    let most = levels.iter().map(came).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    drawn(200, |area| {
        let rows = levels.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .set_label_area_size(LabelAreaPosition::Left, 136)
            .set_label_area_size(LabelAreaPosition::Bottom, 36)
            .build_cartesian_2d(0.0..most as f64 * 1.02, 0.0..rows)?;
        let name = |at: &f64| {
            let place = rows - at.round();
            let found = (place >= 0.0).then(|| levels.get(place as usize)).flatten();
            found.map_or_else(String::new, |level| level.level.clone())
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .y_labels(0)
            .y_label_formatter(&name)
            .x_desc("escalations")
            .x_label_formatter(&whole)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .draw()?;
        type Part = (&'static str, fn(&EscalationLevel) -> u64, RGBColor);
        let parts: [Part; 4] = [
            ("decided", |level| level.decided, SERIES[2]),
            ("ended by itself", |level| level.by_itself, SERIES[0]),
            ("went further up", |level| level.climbed_on, SERIES[1]),
            ("open", |level| level.open, SERIES[3]),
        ];
        let mut left = vec![0.0; levels.len()];
        for (name, part, colour) in parts {
            let mut bars = Vec::new();
            for (row, (level, from)) in levels.iter().zip(&mut left).enumerate() {
                let (top, to) = (rows - row as f64, *from + part(level) as f64);
                bars.push(Rectangle::new([(*from, top - 0.2), (to, top - 0.8)], colour.filled()));
                *from = to;
            }
            let drawn = chart.draw_series(bars)?;
            drawn.label(name).legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 12, y + 4)], colour.filled()));
        }
        let text = ("sans-serif", 13).into_font().color(&INK);
        for (row, level) in levels.iter().enumerate() {
            let at = chart.backend_coord(&(0.0, rows - row as f64 - 0.5));
            area.draw(&Text::new(level.level.clone(), (10, at.1 - 6), text.clone()))?;
        }
        legend(&mut chart)
    })
}

/// A figure of each day.
pub(super) fn daily(days: &[Day], name: &'static str, figure: fn(&Day) -> u32) -> Series {
    Series { name, figures: days.iter().map(|day| f64::from(figure(day))).collect() }
}

/// What `draw` draws, as SVG; nothing where it cannot be drawn, as where a figure is no number.
fn drawn(
    height: u32,
    draw: impl for<'b> FnOnce(&DrawingArea<SVGBackend<'b>, Shift>) -> Drawn<SVGBackend<'b>>,
) -> String {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    let whole = draw(&area).and_then(|()| area.present());
    drop(area);
    if whole.is_ok() { svg } else { String::new() }
}

fn plane<'a, B: DrawingBackend + 'a>(area: &'a DrawingArea<B, Shift>, right: f64, top: f64) -> Drawn<B, Plane<'a, B>> {
    ChartBuilder::on(area)
        .margin(8)
        .set_label_area_size(LabelAreaPosition::Left, 58)
        .set_label_area_size(LabelAreaPosition::Bottom, 38)
        .build_cartesian_2d(0.0..right, 0.0..top)
}

fn mesh<'a, B: DrawingBackend + 'a>(chart: &mut Plane<'a, B>, across: &str, up: &str) -> Drawn<B> {
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .x_labels(12)
        .y_labels(6)
        .x_label_formatter(&whole)
        .y_label_formatter(&whole)
        .x_desc(across)
        .y_desc(up)
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 13).into_font().color(&INK))
        .draw()
}

fn legend<'a, B: DrawingBackend + 'a>(chart: &mut Plane<'a, B>) -> Drawn<B> {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .margin(4)
        .legend_area_size(16)
        .label_font(("sans-serif", 13).into_font().color(&INK))
        .draw()
}

/// A number on an axis, without more digits than it has.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that axes ask for")]
fn whole(at: &f64) -> String {
    let rounded = (at * 100.0).round() / 100.0;
    format!("{rounded}")
}
