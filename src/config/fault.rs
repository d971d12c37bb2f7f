//! What is wrong with a file, where, and what would be right.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, as its path was given.
    pub file: PathBuf,
    /// The line, counted from 1; `None` where the fault is with the file as a whole.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub help: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}; {}", self.what, self.help)
    }
}

/// Everything that is wrong with a chart or a workflow: never nothing, in order of file and line, one line of text
/// each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults {
    faults: Vec<Fault>,
}

impl Faults {
    /// The faults in order of file and line; at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// Collects faults while files are read. Whoever cannot return a value leaves at least one here.
#[derive(Debug, Default)]
pub(super) struct Report {
    faults: RefCell<Vec<Fault>>,
}

impl Report {
    pub(super) fn add(&self, file: &Path, line: Option<usize>, what: impl AsRef<str>, help: impl AsRef<str>) {
        let fault = Fault { file: file.to_owned(), line, what: one_line(what.as_ref()), help: one_line(help.as_ref()) };
        self.faults.borrow_mut().push(fault);
    }

    /// Faults so far, to see whether reading something left any.
    pub(super) fn count(&self) -> usize {
        self.faults.borrow().len()
    }

    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Faults> {
        let mut faults = self.faults.into_inner();
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ => {
                debug_assert!(!faults.is_empty(), "what could not be read has left a fault");
                faults.sort();
                faults.dedup();
                Err(Faults { faults })
            }
        }
    }
}

/// The longest piece of a file that a message repeats; more would hide what the message says.
const QUOTE_LIMIT: usize = 64;

/// A text of the file as messages show it: in backticks, on one line, not longer than is useful.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTE_LIMIT).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTE_LIMIT).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Libraries explain themselves over several lines; a fault is one.
fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}
