//! Reads single values: texts, names, numbers, spans of time, lists and tables.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::de::DeValue;

use super::{Table, Value};
use crate::config::fault::quoted;
use crate::config::suggest;
use crate::domain::id::{NAME_LIMIT, is_name};
use crate::domain::time::Millis;
use crate::domain::work::Tier;

impl<'a> Value<'a> {
    /// Something is wrong with this value.
    pub(in crate::config) fn fault(&self, what: impl AsRef<str>, help: impl AsRef<str>) {
        self.source.fault(Some(self.line()), what, help);
    }

    /// What messages call it: "`seed` of worker `sim`".
    pub(in crate::config) fn label(&self) -> &str {
        &self.label
    }

    /// The line it begins in.
    pub(in crate::config) fn line(&self) -> usize {
        self.source.line(&self.inner.span())
    }

    /// A string.
    pub(in crate::config) fn any_text(&self) -> Option<&'a str> {
        match self.inner.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.wrong_type("a string"),
        }
    }

    /// Whether it is a string, for what may be written in more than one way.
    pub(in crate::config) fn is_text(&self) -> bool {
        self.inner.get_ref().is_str()
    }

    /// Whether it is a list.
    pub(in crate::config) fn is_list(&self) -> bool {
        self.inner.get_ref().is_array()
    }

    /// A string that says something.
    pub(in crate::config) fn text(&self) -> Option<&'a str> {
        let text = self.any_text()?;
        if text.trim().is_empty() {
            self.fault(
                format!("{} is empty", self.label),
                "say something there, or drop the key if it may be left out",
            );
            return None;
        }
        Some(text)
    }

    /// A string of one line, for a table or an argument.
    pub(in crate::config) fn line_of_text(&self) -> Option<&'a str> {
        let text = self.text()?;
        if text.chars().any(char::is_control) {
            self.fault(
                format!("{} has a line break or another control character", self.label),
                "write it on one line of plain text",
            );
            return None;
        }
        Some(text)
    }

    /// A name that is to become part of an id.
    pub(in crate::config) fn name(&self) -> Option<&'a str> {
        let text = self.text()?;
        if is_name(text) {
            return Some(text);
        }
        self.fault(
            format!("{} is {}, which is not a name", self.label, quoted(text)),
            format!(
                "use up to {NAME_LIMIT} lower-case letters, digits, `_` and `-`, beginning with a letter or a digit"
            ),
        );
        None
    }

    /// An id that is a single name.
    pub(in crate::config) fn id<T: FromStr>(&self) -> Option<T> {
        self.name()?.parse().ok()
    }

    /// One of a few words.
    pub(in crate::config) fn word<T: Copy + Display>(&self, all: &[T]) -> Option<T> {
        let text = self.text()?;
        let words: Vec<String> = all.iter().map(T::to_string).collect();
        if let Some(found) = all.iter().zip(&words).find(|(_, word)| *word == text) {
            return Some(*found.0);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.fault(format!("{} is {}", self.label, quoted(text)), suggest::help(text, &words, "word"));
        None
    }

    /// `true` or `false`.
    pub(in crate::config) fn flag(&self) -> Option<bool> {
        match self.inner.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong_type("`true` or `false`"),
        }
    }

    /// A whole number within a range.
    pub(in crate::config) fn integer(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let DeValue::Integer(integer) = self.inner.get_ref() else { return self.wrong_type("a whole number") };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let found = number.filter(|number| range.contains(number));
        if found.is_none() {
            self.out_of_range(&integer.to_string(), &format!("{} to {}", range.start(), range.end()));
        }
        found
    }

    /// As [`Value::integer`], for what is kept in 32 bits.
    pub(in crate::config) fn small_integer(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let wide = u64::from(*range.start())..=u64::from(*range.end());
        self.integer(wide).and_then(|number| u32::try_from(number).ok())
    }

    /// A tier, by its number.
    pub(in crate::config) fn tier(&self) -> Option<Tier> {
        self.integer(0..=4).and_then(|number| Tier::try_from(u8::try_from(number).ok()?).ok())
    }

    /// A number, whole or not, if it is one; whoever asks checks its range and may take other types too.
    pub(in crate::config) fn as_number(&self) -> Option<f64> {
        match self.inner.get_ref() {
            DeValue::Integer(integer) => i32::from_str_radix(integer.as_str(), integer.radix()).ok().map(f64::from),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        }
    }

    /// A number within a range; `allowed` says which, for the message.
    pub(in crate::config) fn number(&self, allowed: &str, accept: impl FnOnce(f64) -> bool) -> Option<f64> {
        let shown = match self.inner.get_ref() {
            DeValue::Integer(integer) => integer.to_string(),
            DeValue::Float(float) => float.to_string(),
            _ => return self.wrong_type("a number"),
        };
        let found = self.as_number().filter(|number| accept(*number));
        if found.is_none() {
            self.out_of_range(&shown, allowed);
        }
        found
    }

    /// A span of time such as `"90s"`, at least and at most that long.
    pub(in crate::config) fn duration(&self, least: Millis, most: Millis) -> Option<Millis> {
        let text = match self.inner.get_ref() {
            DeValue::String(text) => text.as_ref(),
            _ => return self.wrong_type("a span of time, such as `\"90s\"` or `\"1h 30m\"`"),
        };
        let span = match humantime::parse_duration(text) {
            Ok(span) => Millis(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
            Err(_) => {
                self.fault(
                    format!("{} is {}, which is not a span of time", self.label, quoted(text)),
                    "write it as `\"90s\"` or `\"1h 30m\"`",
                );
                return None;
            }
        };
        if span < least || span > most {
            let shown = |span: Millis| humantime::format_duration(span.to_duration()).to_string();
            self.out_of_range(text, &format!("{} to {}", shown(least), shown(most)));
            return None;
        }
        Some(span)
    }

    /// The items of a list.
    pub(in crate::config) fn list(&self) -> Option<Vec<Value<'a>>> {
        let DeValue::Array(items) = self.inner.get_ref() else { return self.wrong_type("a list, in square brackets") };
        let label = format!("an item of {}", self.label);
        Some(items.iter().map(|inner| Value { source: self.source, label: label.clone(), inner }).collect())
    }

    /// The items of a list, or the one value that stands for a list of one.
    pub(in crate::config) fn one_or_many(self) -> Option<Vec<Value<'a>>> {
        if self.is_list() { self.list() } else { Some(vec![self]) }
    }

    /// Some things of a kind, each of them once and at least one; a single one needs no list.
    pub(in crate::config) fn set<T: Ord>(self, read: impl Fn(&Value<'a>) -> Option<T>) -> Option<BTreeSet<T>> {
        if self.is_list() && self.list().is_some_and(|items| items.is_empty()) {
            self.fault(format!("{} is an empty list", self.label), "name at least one, or drop the key");
            return None;
        }
        let mut set = BTreeSet::new();
        let mut all_read = true;
        for item in self.one_or_many()? {
            match read(&item) {
                Some(found) => {
                    if set.replace(found).is_some() {
                        item.fault(format!("{} is there twice", item.label), "name it once");
                    }
                }
                None => all_read = false,
            }
        }
        all_read.then_some(set)
    }

    /// A table that there is one of, called after its key.
    pub(in crate::config) fn table(&self) -> Option<Table<'a>> {
        self.labelled_table(self.label.clone())
    }

    /// As [`Value::table`], for what may be written in other ways too; `expected` says which.
    pub(in crate::config) fn table_or(&self, expected: &str) -> Option<Table<'a>> {
        if self.inner.get_ref().is_table() { self.table() } else { self.wrong_type(expected) }
    }

    /// A table that there are several of, called after its `id`, `key` or `path` if it has one.
    pub(super) fn item_table(&self, kind: &str) -> Option<Table<'a>> {
        let entries = self.inner.get_ref().as_table();
        let name = |key: &&str| entries?.get(*key)?.get_ref().as_str();
        let name = ["id", "key", "path"].iter().find_map(name);
        self.labelled_table(name.map_or_else(|| format!("this {kind}"), |name| format!("{kind} {}", quoted(name))))
    }

    fn labelled_table(&self, label: String) -> Option<Table<'a>> {
        let DeValue::Table(entries) = self.inner.get_ref() else { return self.wrong_type("a table") };
        let line = Some(self.line());
        Some(Table { source: self.source, label, line, entries, known: Vec::new(), missing: Vec::new() })
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self.inner.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        self.fault(format!("{} is {}", self.label, self.type_name()), format!("write {expected}"));
        None
    }

    pub(in crate::config) fn out_of_range(&self, shown: &str, allowed: &str) {
        self.fault(format!("{} is {}", self.label, quoted(shown)), format!("write {allowed}"));
    }
}
