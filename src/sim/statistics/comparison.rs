//! What is different between two reports, in sentences and figure by figure.

use serde::{Deserialize, Serialize};

use super::{Better, FIGURES, Unit};
use crate::sim::report::Report;

/// A figure that differs by less than this share is as good as the same.
const SAME: f64 = 0.01;

/// What is different between two reports.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// Always true: nothing of this happened.
    pub simulated: bool,
    /// What the first is called.
    pub before: String,
    /// What the second is called.
    pub after: String,
    /// What should be known before the figures are believed: that the seeds or scenarios are not the same.
    pub cautions: Vec<String>,
    /// What changed, the most telling first.
    pub sentences: Vec<String>,
    /// The main figures side by side.
    pub changes: Vec<Change>,
}

/// A figure in two reports.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// What it is.
    pub name: String,
    /// In what it is.
    pub unit: Unit,
    /// In the first.
    pub before: f64,
    /// In the second.
    pub after: f64,
    /// The difference as a share of the first; nothing where that is nothing.
    pub relative: Option<f64>,
    /// Whether it is better in the second; nothing where it is the same, or neither.
    pub is_better: Option<bool>,
}

impl Comparison {
    /// Between two reports, each with the name it is to go by.
    #[must_use]
    pub fn between((before, first): (&str, &Report), (after, second): (&str, &Report)) -> Self {
        let changes: Vec<Change> = FIGURES
            .iter()
            .filter_map(|figure| {
                let (was, is) = (figure.value(first)?, figure.value(second)?);
                let relative = (was != 0.0).then(|| (is - was) / was);
                let differs = relative.map_or(is != 0.0, |relative| relative.abs() >= SAME);
                let is_better = match figure.better {
                    Better::More => Some(is > was),
                    Better::Less => Some(is < was),
                    Better::Neither => None,
                };
                Some(Change {
                    name: figure.name.to_owned(),
                    unit: figure.unit,
                    before: was,
                    after: is,
                    relative,
                    is_better: is_better.filter(|_| differs),
                })
            })
            .collect();
        Self {
            simulated: true,
            before: before.to_owned(),
            after: after.to_owned(),
            cautions: cautions(first, second),
            sentences: sentences(first, second, &changes),
            changes,
        }
    }
}

fn cautions(first: &Report, second: &Report) -> Vec<String> {
    let mut cautions = Vec::new();
    if first.scenario != second.scenario {
        cautions.push(format!("The scenarios are not the same: {} and {}.", first.scenario, second.scenario));
    }
    if first.seed != second.seed {
        let seeds = (first.seed, second.seed);
        cautions.push(format!("The seeds are not the same ({} and {}): part of this is chance.", seeds.0, seeds.1));
    }
    if first.days != second.days {
        cautions.push(format!("One went on for {:.1} days and the other for {:.1}.", first.days, second.days));
    }
    if first.program != second.program {
        cautions.push(format!("The programs are not the same: {} and {}.", first.program, second.program));
    }
    cautions
}

fn sentences(first: &Report, second: &Report, changes: &[Change]) -> Vec<String> {
    let mut sentences = Vec::new();
    let telling = [
        ("lead time, half", "Half of the instructions are done within"),
        ("lead time, 90 %", "Nine in ten are done within"),
        ("instructions a day", "Instructions completed a day:"),
        ("instructions open at the end", "Instructions open at the end:"),
        ("stays past their target", "Stays in a state that pass their target:"),
        ("escalations", "Escalations:"),
        ("escalations that reached a person", "Escalations that reach a person:"),
        ("utilisation", "Slots of everybody together in use:"),
    ];
    for (name, lead) in telling {
        let Some(change) = changes.iter().find(|change| change.name == name) else {
            continue;
        };
        let (before, after) = (change.unit.say(change.before), change.unit.say(change.after));
        let same = change.relative.map_or(change.after == 0.0, |relative| relative.abs() < SAME);
        if same || before == after {
            continue;
        }
        let word = if change.after > change.before { "more" } else { "less" };
        let by = change.relative.map(|by| format!(" ({:.0} % {word})", by.abs() * 100.0)).unwrap_or_default();
        sentences.push(format!("{lead} {after} instead of {before}{by}."));
    }
    match (&first.bottleneck, &second.bottleneck) {
        (Some(was), Some(is)) if was.place == is.place => sentences.push(format!(
            "The bottleneck stays {}: {} of waiting instead of {}.",
            is.place,
            Unit::Hours.say(is.hours),
            Unit::Hours.say(was.hours)
        )),
        (Some(was), Some(is)) => {
            sentences.push(format!("The bottleneck moves from {} to {}.", was.place, is.place));
        }
        (Some(was), None) => sentences.push(format!("{} is not a bottleneck any more: nothing waits.", was.place)),
        (None, Some(is)) => sentences.push(format!("There is a bottleneck now: {}.", is.place)),
        (None, None) => {}
    }
    if changes.iter().all(|change| change.before == change.after) {
        sentences.push("No main figure is different.".to_owned());
    }
    sentences
}
