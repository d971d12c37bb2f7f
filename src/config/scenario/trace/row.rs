//! Reads one line of a trace, whatever its format.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::{Cells, Lines};
use crate::config::fault::quoted;
use crate::config::scenario::fits;
use crate::config::scenario::read::SPAN_LIMIT;
use crate::config::scenario::request::is_budget;
use crate::config::suggest;
use crate::domain::brief::Brief;
use crate::domain::id::{BriefField, ParseIdError};
use crate::domain::instruction::{Deadline, LABELS_LIMIT, Request, WORD_LIMIT};
use crate::domain::org::Chart;
use crate::domain::risk::{Risk, SCORES};
use crate::domain::time::{Effort, Millis};
use crate::domain::work::Priority;

/// What every line has to say.
pub(super) const NEEDED: &[&str] = &["at", "text"];

/// The column of labels.
pub(super) const LABELS: &str = "labels";

/// What stands between two labels.
pub(super) const LABELS_APART: &str = ";";

/// What a line may say.
const NAMES: &[&str] = &[
    "at",
    "text",
    "work_type",
    "department",
    "tier",
    "priority",
    "deadline",
    "customer_commitment",
    "budget",
    "key",
    "project",
    "epic",
    "sprint",
    LABELS,
    "risk.technical_complexity",
    "risk.scope_ambiguity",
    "risk.external_dependencies",
    "risk.security_sensitivity",
    "risk.performance_impact",
    "risk.data_integrity",
];

/// What the name of a column begins with that is a field of the brief.
const BRIEF: &str = "brief.";

/// Whether something is known by that name.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || name.strip_prefix(BRIEF).is_some_and(|field| !field.is_empty())
}

/// Reports a name that nothing is known by. Returns what it may have meant.
pub(super) fn report_unknown(lines: &Lines<'_>, line: usize, name: &str) -> Option<&'static str> {
    let meant = suggest::nearest(name, NAMES.iter().copied());
    lines.fault(line, format!("{} is not known in a trace", quoted(name)), suggest::help(name, NAMES, "name"));
    meant
}

/// One line of a trace.
pub(super) struct Row<'a> {
    pub(super) lines: &'a Lines<'a>,
    pub(super) line: usize,
    pub(super) cells: &'a Cells,
}

impl Row<'_> {
    /// When what comes in. `None` when something is wrong with either, which has left a fault.
    pub(super) fn read(&self, chart: Option<&Chart>) -> Option<(Millis, Request)> {
        let before = self.lines.files.report.count();
        for needed in NEEDED.iter().filter(|needed| !self.cells.contains_key(**needed)) {
            self.fault(format!("this line has no `{needed}`"), "add it");
        }
        let at = self.get("at", hours_or_span, SPAN);
        let mut request = self.request();
        if let Some(chart) = chart.filter(|_| self.lines.files.report.count() == before) {
            for misfit in fits::check(&mut request, chart) {
                self.fault(misfit.what, misfit.help);
            }
        }
        Some((at?, request))
    }

    fn request(&self) -> Request {
        let deadline = self.get("deadline", |text| hours_or_span(text).filter(|span| span.0 > 0), SPAN);
        let budget = self.get(
            "budget",
            |text| text.parse().ok().filter(|hours| is_budget(*hours)),
            "a number of hours, more than 0 and at most 1000000",
        );
        Request {
            text: self.cells.get("text").cloned().unwrap_or_default(),
            department: self.parsed("department"),
            work_type: self.parsed("work_type"),
            priority: self.word("priority", Priority::ALL).unwrap_or_default(),
            tier: self.get("tier", |text| text.parse().ok(), "0 to 4"),
            key: self.parsed("key"),
            brief: self.brief(),
            deadline: deadline.map(Deadline::Within),
            customer_commitment: self.word("customer_commitment", &[true, false]).unwrap_or_default(),
            budget: budget.map(Effort::from_hours),
            risk: self.risk(),
            project: self.short("project"),
            epic: self.short("epic"),
            sprint: self.short("sprint"),
            labels: self.labels(),
            ..Request::default()
        }
    }

    fn brief(&self) -> Brief {
        let said = self.cells.iter().filter_map(|(name, text)| Some((name.strip_prefix(BRIEF)?, text)));
        let mut brief = Brief::new();
        for (name, text) in said {
            match name.parse::<BriefField>() {
                Ok(field) => {
                    brief.insert(field, text.clone());
                }
                Err(error) => {
                    let what = format!("{} is not a field of a brief", quoted(name));
                    self.fault(what, format!("write {}", error.expected));
                }
            }
        }
        brief
    }

    /// The six scores, 1 for each that is not there; nothing where none is.
    fn risk(&self) -> Option<Risk> {
        let scores = |text: &str| text.parse::<u8>().ok().filter(|score| SCORES.contains(score));
        let score = |name: &str| self.get(name, scores, "1 to 10");
        let read = [
            score("risk.technical_complexity"),
            score("risk.scope_ambiguity"),
            score("risk.external_dependencies"),
            score("risk.security_sensitivity"),
            score("risk.performance_impact"),
            score("risk.data_integrity"),
        ];
        let is_said = read.iter().any(Option::is_some);
        let [technical, scope, external, security, performance, data] = read.map(|it| it.unwrap_or(*SCORES.start()));
        is_said.then_some(Risk {
            technical_complexity: technical,
            scope_ambiguity: scope,
            external_dependencies: external,
            security_sensitivity: security,
            performance_impact: performance,
            data_integrity: data,
        })
    }

    fn labels(&self) -> BTreeSet<String> {
        let Some(text) = self.cells.get(LABELS) else { return BTreeSet::new() };
        let labels = text.split(LABELS_APART).map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
        let labels: BTreeSet<String> = labels.collect();
        if labels.len() > LABELS_LIMIT {
            self.fault(format!("it has {} labels", labels.len()), format!("give at most {LABELS_LIMIT}"));
        }
        for label in labels.iter().filter(|label| !is_short(label)) {
            self.not_as_expected(LABELS, label, SHORT);
        }
        labels
    }

    fn short(&self, name: &'static str) -> Option<String> {
        self.get(name, |text| is_short(text).then(|| text.to_owned()), SHORT)
    }

    fn parsed<T: FromStr<Err = ParseIdError>>(&self, name: &str) -> Option<T> {
        let text = self.cells.get(name)?;
        text.parse().map_err(|error: T::Err| self.not_as_expected(name, text, error.expected)).ok()
    }

    fn word<T: Copy + Display>(&self, name: &str, all: &[T]) -> Option<T> {
        let text = self.cells.get(name)?;
        let words: Vec<String> = all.iter().map(T::to_string).collect();
        let found = all.iter().zip(&words).find(|(_, word)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.fault(format!("`{name}` is {}", quoted(text)), suggest::help(text, &words, "word"));
        }
        found.map(|(value, _)| *value)
    }

    fn get<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>, expected: &str) -> Option<T> {
        let text = self.cells.get(name)?;
        let value = read(text);
        if value.is_none() {
            self.not_as_expected(name, text, expected);
        }
        value
    }

    fn not_as_expected(&self, name: &str, text: &str, expected: &str) {
        self.fault(format!("`{name}` is {}", quoted(text)), format!("write {expected}"));
    }

    fn fault(&self, what: impl AsRef<str>, help: impl AsRef<str>) {
        self.lines.fault(self.line, what, help);
    }
}

/// What a span of time may be written as.
const SPAN: &str = "a span of at most ten years, as `1h 30m` or as the number of its hours";

/// What a word to find an instruction by is.
const SHORT: &str = "a few words on one line, of at most 200 bytes";

fn is_short(text: &str) -> bool {
    text.len() <= WORD_LIMIT && !text.contains(char::is_control)
}

/// A span of time: so many hours, or as it is written elsewhere; none that is too long.
fn hours_or_span(text: &str) -> Option<Millis> {
    let span = match text.parse::<f64>() {
        Ok(hours) => Duration::try_from_secs_f64(hours * SECONDS_AN_HOUR).ok()?,
        Err(_) => humantime::parse_duration(text).ok()?,
    };
    i64::try_from(span.as_millis()).ok().map(Millis).filter(|span| *span <= SPAN_LIMIT)
}

const SECONDS_AN_HOUR: f64 = 3_600.0;
