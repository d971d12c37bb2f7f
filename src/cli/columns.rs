//! Lines in columns with something below each, spans of time in words, and bars: what pages for people are made of.

use console::{Style, measure_text_width, style};

use super::output::pad;
use crate::domain::time::Millis;
use crate::telemetry::narrative;

/// Width of a bar, in characters.
const BAR: usize = 10;

/// The lines of a table: the header first, then one for each row, each indented by two. Cells may be coloured.
pub(super) fn aligned(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| measure_text_width(cell));
        cells.chain([header.get(column).map_or(0, |name| name.len())]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<String>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        format!("  {}", padded.join("  ")).trim_end().to_owned()
    };
    let first = line(header.iter().map(|name| style(*name).bold().to_string()).collect());
    std::iter::once(first).chain(rows.iter().map(|row| line(row.clone()))).collect()
}

/// A span of organisation time in words.
pub(super) fn span(millis: i64) -> String {
    narrative::span(Millis(millis))
}

/// How long it is until something is due: `in 3h`, `over by 20m`; nothing where nothing is due.
pub(super) fn due(in_millis: Option<i64>) -> String {
    match in_millis {
        None => "-".to_owned(),
        Some(left) if left >= 0 => format!("in {}", span(left)),
        Some(over) => style(format!("over by {}", span(over.saturating_neg()))).red().to_string(),
    }
}

/// How much is booked, as a bar and a figure in the colour of its band: healthy below 75 %, then caution, from 95 % on too
/// much.
pub(super) fn booked(percent: Option<u32>) -> String {
    let Some(percent) = percent else {
        return "nobody there".to_owned();
    };
    let band = match percent {
        0..75 => Style::new().green(),
        75..95 => Style::new().yellow(),
        _too_much => Style::new().red(),
    };
    let filled = usize::try_from(percent).unwrap_or(usize::MAX).min(100).saturating_add(5) * BAR / 100;
    let bar = format!("{}{}", "█".repeat(filled.min(BAR)), "░".repeat(BAR.saturating_sub(filled)));
    format!("{} {percent:>3} %", band.apply_to(bar))
}

/// Hours of work as people say them.
pub(super) fn hours(hours: f64) -> String {
    format!("{} h", (hours * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_with_their_text() {
        let rows = [vec!["a".to_owned(), "bbb".to_owned()], vec!["aaaa".to_owned(), String::new()]];
        assert_eq!(aligned(&["X", "Y"], &rows), ["  X     Y", "  a     bbb", "  aaaa"]);
    }

    #[test]
    fn what_is_due_says_whether_it_is_over() {
        for (left, said) in [(None, "-"), (Some(3_600_000), "in 1h"), (Some(0), "in 0s"), (Some(-60_000), "over by 1m")]
        {
            assert_eq!(console::strip_ansi_codes(&due(left)), said);
        }
    }

    #[test]
    fn a_bar_is_full_from_all_booked_on() {
        let table = [
            (None, "nobody there"),
            (Some(0), "░░░░░░░░░░   0 %"),
            (Some(50), "█████░░░░░  50 %"),
            (Some(71), "███████░░░  71 %"),
            (Some(140), "██████████ 140 %"),
        ];
        for (percent, shown) in table {
            assert_eq!(console::strip_ansi_codes(&booked(percent)), shown);
        }
    }
}
