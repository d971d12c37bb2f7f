//! What the program shows: results on standard output, everything else on standard error.
//!
//! Texts that come from outside (instructions, what workers say, file names) never reach a terminal as they are: a view is
//! made [`readable`] before anything of it is shown to a person.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use comfy_table::{ContentArrangement, Table, presets};
use console::{Style, Term, measure_text_width, style, truncate_str};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::exit::{Exit, Failure};

pub(super) use crate::telemetry::narrative::count;

/// Widest table on a wide terminal, in columns: wider is harder to read.
const WIDTH_LIMIT: u16 = 140;

/// Narrowest column that prose is wrapped to, in columns of the terminal: below it there is a word a line.
const ROOM: usize = 20;

/// The version of what `--json` prints. It changes when a program that reads it would misunderstand.
const JSON_VERSION: u32 = 1;

/// What `--json` prints: one document, or one a line.
#[derive(Serialize)]
struct Document<'a, T> {
    version: u32,
    answer: &'a T,
}

/// Shows things.
pub(super) struct Printer {
    colours: bool,
    live: bool,
    json_log: bool,
}

impl Printer {
    /// `json_log`: whether standard error is for a program that reads JSON lines.
    pub(super) fn new(json_log: bool) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let plain = no_colour || dumb;
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        console::set_colors_enabled(out && !plain);
        console::set_colors_enabled_stderr(err && !plain);
        Self { colours: err && !plain, live: out && err && !dumb, json_log }
    }

    /// Whether lines can be drawn over.
    pub(super) const fn is_live(&self) -> bool {
        self.live
    }

    pub(super) const fn colours_on_stderr(&self) -> bool {
        self.colours
    }

    /// Prints a line of the result.
    pub(super) fn line(&self, line: impl Display) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
        Ok(())
    }

    /// Prints a line of a drawing: on a terminal it is cut where the terminal ends.
    pub(super) fn drawn_line(&self, line: &str) -> Result<(), Failure> {
        match Term::stdout().size_checked() {
            Some((_, columns)) => self.line(truncate_str(line, columns.into(), "…")),
            None => self.line(line),
        }
    }

    /// Prints a text that people read, behind `lead`. On a terminal it goes on in further lines where the terminal ends,
    /// indented as far as `lead` is wide; elsewhere each of its lines stays one line.
    pub(super) fn prose(&self, lead: &str, text: impl Display) -> Result<(), Failure> {
        let columns = Term::stdout().size_checked().map(|(_, columns)| columns.min(WIDTH_LIMIT));
        let indent = measure_text_width(lead);
        let room = columns.map_or(usize::MAX, |columns| usize::from(columns).saturating_sub(indent).max(ROOM));
        let text = text.to_string();
        if text.is_empty() && indent > lead.len() - lead.trim_start().len() {
            return self.line(lead.trim_end());
        }
        let lines = text.lines().flat_map(|line| wrapped(line, room));
        for (place, line) in lines.enumerate() {
            let margin = if place == 0 { lead.to_owned() } else { " ".repeat(indent) };
            self.line(format!("{margin}{line}").trim_end())?;
        }
        Ok(())
    }

    /// Prints the result as JSON, for programs.
    pub(super) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(escaped(serde_json::to_string_pretty(&Document { version: JSON_VERSION, answer: value }))?)
    }

    /// Prints one JSON document of many, in one line.
    pub(super) fn json_line(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(escaped(serde_json::to_string(&Document { version: JSON_VERSION, answer: value }))?)
    }

    /// Says something beside the result.
    pub(super) fn note(&self, text: impl Display) {
        let text = clean(&text.to_string());
        if self.json_log {
            tracing::info!("{text}");
        } else {
            say(&text);
        }
    }

    /// Says why the command failed.
    pub(super) fn failure(&self, failure: &Failure) {
        if failure.exit == Exit::Done {
            return;
        }
        let message = clean(&failure.message);
        let next = failure.help.as_deref().map(clean);
        if self.json_log {
            tracing::error!(next, exit = failure.exit as u8, "{message}");
            return;
        }
        say(&format!("{}: {message}", Style::new().red().bold().for_stderr().apply_to("error")));
        if let Some(next) = next {
            say(&format!("  {}: {next}", Style::new().bold().for_stderr().apply_to("next")));
        }
    }

    /// A table with these columns, as wide as the terminal or, without one, as its content.
    pub(super) fn table(&self, columns: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(columns.iter().map(|name| style(name).bold().to_string()));
        if let Some((_, width)) = Term::stdout().size_checked() {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.min(WIDTH_LIMIT));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table
    }

    /// Prints a table.
    pub(super) fn show_table(&self, table: &Table) -> Result<(), Failure> {
        table.lines().try_for_each(|line| self.line(line.trim_end()))
    }
}

/// A state of a task or an instruction, in its colour.
pub(super) fn state(name: &str) -> String {
    let style = match name {
        "COMPLETED" => Style::new().green(),
        "IN_PROGRESS" | "EXECUTING" | "IN_PLANNING" => Style::new().cyan(),
        "UNDER_REVIEW" | "DOMAIN_REVIEW" | "READY_FOR_HANDOFF" | "GO_NO_GO" => Style::new().yellow(),
        "BLOCKED" | "ESCALATED" | "CANCELLED" | "REJECTED" => Style::new().red(),
        _waiting => Style::new().dim(),
    };
    style.apply_to(name).to_string()
}

/// `text`, which may be coloured, filled up with blanks to `width` columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(measure_text_width(text))))
}

/// A line, which may be coloured, in lines of at most `width` columns that keep its indentation. A word that is wider has
/// a line of its own: paths and commands stay whole.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let words = line.trim_start_matches(' ');
    let margin = line.len() - words.len();
    let mut lines = Vec::new();
    let (mut current, mut used) = (String::new(), 0);
    for (place, word) in words.split(' ').enumerate() {
        let columns = measure_text_width(word);
        if place > 0 && margin + used + 1 + columns > width {
            lines.push(std::mem::take(&mut current));
            used = 0;
        } else if place > 0 {
            current.push(' ');
            used += 1;
        }
        current.push_str(word);
        used += columns;
    }
    lines.push(current);
    lines.into_iter().map(|words| format!("{}{words}", " ".repeat(margin))).collect()
}

/// A path as people read it: what is in the home folder begins with `~`.
pub(super) fn path(path: &str) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    match path.strip_prefix(home.trim_end_matches('/')) {
        Some(rest) if home.len() > 1 && rest.starts_with('/') => format!("~{rest}"),
        _elsewhere => path.to_owned(),
    }
}

/// An RFC 3339 time in UTC as people read it, to the second.
pub(super) fn time(text: &str) -> String {
    text.get(..19).map_or_else(|| text.to_owned(), |seconds| seconds.replace('T', " "))
}

/// A word as a shell takes it.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./~@%+=:,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A text from outside without anything that moves a cursor, changes a colour or turns the reading direction around.
/// Ends of lines stay.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '\n',
            '\t' | '\r' => ' ',
            c if is_unsafe(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Control characters, separators of lines and paragraphs, and what changes the direction of text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A view in which every text is [`clean`].
pub(super) fn readable<T: Serialize + DeserializeOwned>(view: &T) -> Result<T, Failure> {
    fn cleaned(value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(clean(&text)),
            Value::Array(values) => values.into_iter().map(cleaned).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, cleaned(value))).collect(),
            plain => plain,
        }
    }
    let unreadable = |error| Failure::plain(Exit::Failed, format!("the answer cannot be shown: {error}"));
    serde_json::to_value(view).map(cleaned).and_then(serde_json::from_value).map_err(unreadable)
}

/// JSON with those characters escaped that JSON allows but a terminal would act on. They can only be inside texts.
fn escaped(json: Result<String, serde_json::Error>) -> Result<String, Failure> {
    let json = json.map_err(|error| Failure::plain(Exit::Failed, format!("the answer cannot be written: {error}")))?;
    if !json.chars().any(|c| c != '\n' && is_unsafe(c)) {
        return Ok(json);
    }
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_unsafe(c) {
            // All of them are in the basic plane, so four digits are enough. Writing to a text cannot fail.
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Ok(safe)
}

/// A document that says its own version, in one line.
pub(super) fn record(value: &impl Serialize) -> Result<String, Failure> {
    escaped(serde_json::to_string(value))
}

/// Lines that are drawn over themselves at the end of standard error.
struct Drawing {
    lines: Vec<String>,
    /// Widths of the lines as they are on the terminal now.
    widths: Vec<usize>,
}

/// What is on the terminal, if anything is being drawn.
static LIVE: Mutex<Option<Drawing>> = Mutex::new(None);

impl Drawing {
    /// Rows it takes on the terminal now, which may have become narrower.
    fn rows(&self, term: &Term) -> usize {
        let columns = usize::from(term.size().1).max(1);
        self.widths.iter().map(|width| width.div_ceil(columns).max(1)).sum()
    }

    /// What takes the cursor to its beginning.
    fn to_top(&self, term: &Term) -> String {
        match self.rows(term) {
            0 => "\r".to_owned(),
            rows => format!("\r\x1b[{rows}A"),
        }
    }

    /// What takes it away. It goes line by line: tmux takes the clearing of everything below the first line for that of
    /// the screen, and keeps what was there in its history.
    fn wipe(&self, term: &Term) -> String {
        format!("\r{}", "\x1b[1A\x1b[2K".repeat(self.rows(term)))
    }

    /// Writes everything at once, so that nobody sees half of it.
    fn show(&mut self, term: &Term, begin: &str) {
        let (rows, columns) = term.size();
        // The cursor stands below the last line, and a full line would wrap on some terminals.
        let (rows, columns) = (usize::from(rows).saturating_sub(1).max(1), usize::from(columns).saturating_sub(1));
        let mut shown: Vec<String> =
            self.lines.iter().take(rows).map(|line| truncate_str(line, columns, "…").into_owned()).collect();
        if self.lines.len() > rows {
            let hidden = self.lines.len() - rows + 1;
            shown.truncate(rows - 1);
            shown.push(style(format!("… {hidden} more; `echelon status` shows all")).for_stderr().dim().to_string());
        }
        self.widths = shown.iter().map(|line| measure_text_width(line)).collect();
        let mut text = begin.to_owned();
        for line in &shown {
            text.push_str("\x1b[2K");
            text.push_str(line);
            text.push('\n');
        }
        text.push_str("\x1b[J");
        // There is nowhere left to complain when standard error is gone.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// Draws these lines in the place of those that were drawn before.
pub(super) fn draw(lines: Vec<String>) {
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let drawing = live.get_or_insert_with(|| Drawing { lines: Vec::new(), widths: Vec::new() });
    let term = Term::stderr();
    let begin = drawing.to_top(&term);
    drawing.lines = lines;
    drawing.show(&term, &begin);
}

/// Takes the drawing away.
pub(super) fn erase() {
    if let Some(drawing) = LIVE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = io::stderr().write_all(drawing.wipe(&Term::stderr()).as_bytes());
    }
}

fn above_drawing(write: impl FnOnce()) {
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    match live.as_mut() {
        Some(drawing) => {
            let term = Term::stderr();
            let _ = io::stderr().write_all(drawing.wipe(&term).as_bytes());
            write();
            drawing.show(&term, "");
        }
        None => write(),
    }
}

/// Writes a line to standard error.
fn say(text: &str) {
    above_drawing(|| {
        let _ = writeln!(io::stderr(), "{text}");
    });
}

/// Writes log lines to standard error, above a drawing if there is one.
#[derive(Clone, Copy)]
pub(super) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut written = Ok(());
        above_drawing(|| written = io::stderr().write_all(line));
        written.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for LogWriter {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_outside_cannot_speak_to_the_terminal() {
        let cases = [
            ("plain, with ümläuts and 漢字 🦀", "plain, with ümläuts and 漢字 🦀"),
            ("two\nlines", "two\nlines"),
            ("a\x1b[31mb\x1b]0;title\x07c\rd", "a\u{fffd}[31mb\u{fffd}]0;title\u{fffd}c d"),
            ("c1 \u{9b}31m, del \u{7f}", "c1 \u{fffd}31m, del \u{fffd}"),
            ("txt.\u{202e}exe\u{2066}", "txt.\u{fffd}exe\u{fffd}"),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn json_means_the_same_without_characters_that_a_terminal_acts_on() {
        let text = "a\x1b[31m\u{9b}\u{7f}\u{202e}é";
        let json = escaped(serde_json::to_string(text)).expect("a text can be written");
        assert!(!json.chars().any(is_unsafe), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("it is JSON still"), text);
    }

    #[test]
    fn prose_goes_on_in_the_next_line_where_the_width_ends() {
        let cases: &[(&str, usize, &[&str])] = &[
            ("", 10, &[""]),
            ("one two three", 80, &["one two three"]),
            ("one two three", 13, &["one two three"]),
            ("one two three", 12, &["one two", "three"]),
            ("see /a/long/path here", 8, &["see", "/a/long/path", "here"]),
            ("\x1b[31mone two\x1b[0m three", 7, &["\x1b[31mone two\x1b[0m", "three"]),
            ("one  two", 80, &["one  two"]),
            ("  - one two", 7, &["  - one", "  two"]),
        ];
        for (line, width, expected) in cases {
            assert_eq!(wrapped(line, *width), *expected, "{line:?} in {width}");
        }
    }

    #[test]
    fn a_word_for_the_shell_is_quoted_where_it_has_to_be() {
        for (word, expected) in
            [("/tmp/a-b_c.d", "/tmp/a-b_c.d"), ("", "''"), ("two words", "'two words'"), ("it's", r"'it'\''s'")]
        {
            assert_eq!(shell_word(word), expected);
        }
    }
}
