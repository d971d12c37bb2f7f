//! Walks a TOML document whose values know where they stand, and leaves a fault for whatever is not as it should be.
//!
//! A [`Table`] remembers which keys were asked for, so that [`Table::finish`] can report the others. Every method that
//! returns `None` for something that is there has left a fault.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Report, quoted};
use super::suggest;

mod value;

/// A text, where it comes from, and where its faults go.
pub(super) struct Source<'a> {
    file: &'a Path,
    line_ends: Vec<usize>,
    report: &'a Report,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a Path, text: &str, report: &'a Report) -> Self {
        Self { file, line_ends: text.match_indices('\n').map(|(at, _)| at).collect(), report }
    }

    /// The text as a TOML document, which it has to be before anything else can be said about it.
    pub(super) fn parse<'t>(&self, text: &'t str) -> Option<Spanned<DeTable<'t>>> {
        match DeTable::parse(text) {
            Ok(document) => Some(document),
            Err(error) => {
                let line = error.span().map(|span| self.line(&span));
                self.fault(
                    line,
                    format!("is not TOML: {}", error.message()),
                    "see https://toml.io for how it is written",
                );
                None
            }
        }
    }

    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.line_ends.partition_point(|end| *end < span.start).saturating_add(1)
    }

    fn fault(&self, line: Option<usize>, what: impl AsRef<str>, help: impl AsRef<str>) {
        self.report.add(self.file, line, what, help);
    }
}

/// A table and the keys of it that were asked for.
pub(super) struct Table<'a> {
    source: &'a Source<'a>,
    label: String,
    line: Option<usize>,
    entries: &'a DeTable<'a>,
    known: Vec<&'static str>,
    missing: Vec<(&'static str, &'static str)>,
}

impl<'a> Table<'a> {
    /// The whole document.
    pub(super) fn root(source: &'a Source<'a>, label: &str, entries: &'a DeTable<'a>) -> Self {
        Self { source, label: label.to_owned(), line: None, entries, known: Vec::new(), missing: Vec::new() }
    }

    /// What messages call it: "IC `ben`".
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// The line it begins in; `None` for the whole document.
    pub(super) fn line(&self) -> Option<usize> {
        self.line
    }

    /// Something is wrong with the table as a whole.
    pub(super) fn fault(&self, what: impl AsRef<str>, help: impl AsRef<str>) {
        self.source.fault(self.line, what, help);
    }

    /// The value of a key that may be left out.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.known.push(key);
        let inner = self.entries.get(key)?;
        Some(Value { source: self.source, label: format!("`{key}` of {}", self.label), inner })
    }

    /// The value of a key that has to be there; `example` is a line of TOML that would do.
    pub(super) fn required(&mut self, key: &'static str, example: &'static str) -> Option<Value<'a>> {
        let value = self.optional(key);
        if value.is_none() {
            self.missing.push((key, example));
        }
        value
    }

    /// The tables under `[[key]]`, in the order of the file. `kind` is what messages call one of them.
    pub(super) fn tables(&mut self, key: &'static str, kind: &str) -> Vec<Table<'a>> {
        let Some(value) = self.optional(key) else { return Vec::new() };
        let DeValue::Array(items) = value.inner.get_ref() else {
            value
                .fault(format!("`{key}` is {}", value.type_name()), format!("write `[[{key}]]`, once for each {kind}"));
            // With one bracket too few it is clear what was meant, and what refers to it finds it.
            let meant = value.inner.get_ref().is_table().then(|| value.item_table(kind));
            return meant.flatten().into_iter().collect();
        };
        let items = items.iter().map(|inner| Value { source: self.source, label: format!("`{key}`"), inner });
        items.filter_map(|item| item.item_table(kind)).collect()
    }

    /// Every entry of a table whose keys the user chooses.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        self.entries.iter().map(move |(key, inner)| {
            let key: &str = key.get_ref();
            (key, Value { source: self.source, label: format!("{} of {}", quoted(key), self.label), inner })
        })
    }

    /// Whether every key in it was asked for. Where not, one that seems to be missing may only be misspelt.
    pub(super) fn knows_every_key(&self) -> bool {
        self.entries.keys().all(|key| self.known.contains(&key.get_ref().as_ref()))
    }

    /// Reports what is missing and which keys nobody asked for. A misspelt key is one fault, not two.
    pub(super) fn finish(&self) {
        let mut missing = self.missing.clone();
        for key in self.entries.keys().filter(|key| !self.known.contains(&key.get_ref().as_ref())) {
            let free: Vec<&str> =
                self.known.iter().copied().filter(|known| !self.entries.contains_key(*known)).collect();
            let meant = suggest::nearest(key.get_ref(), free);
            missing.retain(|(missing, _)| Some(*missing) != meant);
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("its keys are {}", suggest::list(self.known.iter().copied())),
            };
            let what = format!("{} is not a key of {}", quoted(key.get_ref()), self.label);
            self.source.fault(Some(self.source.line(&key.span())), what, help);
        }
        for (key, example) in missing {
            self.source.fault(self.line, format!("{} has no `{key}`", self.label), format!("add {example}"));
        }
    }
}

/// A value, what messages call it, and where it stands.
pub(super) struct Value<'a> {
    source: &'a Source<'a>,
    label: String,
    inner: &'a Spanned<DeValue<'a>>,
}
