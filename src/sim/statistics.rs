//! Statistics over reports: the main figures of one, what several by different seeds come to, and what is different
//! between two.

mod comparison;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::report::Report;

pub use self::comparison::{Change, Comparison};

/// Whether more of something is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// It is.
    More,
    /// Less of it is.
    Less,
    /// Neither by itself.
    Neither,
}

/// In what a figure is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A number of things.
    Count,
    /// A number of things a day.
    PerDay,
    /// Hours.
    Hours,
    /// A share, 0 to 1.
    Share,
}

/// A main figure: what reports are compared by.
pub struct Figure {
    /// What it is, in a few words.
    pub name: &'static str,
    /// In what it is.
    pub unit: Unit,
    /// Whether more of it is better.
    pub better: Better,
    /// The figure of a report that has it.
    of: fn(&Report) -> f64,
}

/// The main figures of a report, in the order in which they are shown.
pub const FIGURES: [Figure; 17] = [
    figure("instructions that came in", Unit::Count, Better::Neither, |it| it.instructions.received as f64),
    figure("instructions completed", Unit::Count, Better::More, |it| it.instructions.completed as f64),
    figure("instructions open at the end", Unit::Count, Better::Less, |it| it.instructions.open as f64),
    figure("instructions a day", Unit::PerDay, Better::More, |it| it.throughput.instructions_per_day),
    figure("tasks a day", Unit::PerDay, Better::More, |it| it.throughput.tasks_per_day),
    figure("lead time, mean", Unit::Hours, Better::Less, |it| it.lead_times.instructions.mean_hours),
    figure("lead time, half", Unit::Hours, Better::Less, |it| it.lead_times.instructions.p50_hours),
    figure("lead time, 90 %", Unit::Hours, Better::Less, |it| it.lead_times.instructions.p90_hours),
    figure("lead time, 99 %", Unit::Hours, Better::Less, |it| it.lead_times.instructions.p99_hours),
    figure("lead time of tasks, half", Unit::Hours, Better::Less, |it| it.lead_times.tasks.p50_hours),
    figure("instructions in the system, mean", Unit::Count, Better::Less, |it| it.little.mean_in_system),
    figure("stays past their target", Unit::Share, Better::Less, |it| ratio(it.breaches.target, it.breaches.entered)),
    figure("stays past the last limit", Unit::Share, Better::Less, |it| {
        ratio(it.breaches.escalation, it.breaches.entered)
    }),
    figure("escalations", Unit::Count, Better::Less, |it| it.escalations.raised as f64),
    figure("escalations that reached a person", Unit::Count, Better::Less, |it| it.escalations.reached_person as f64),
    figure("work sent back", Unit::Share, Better::Less, |it| it.quality.rework_share),
    figure("utilisation", Unit::Share, Better::Neither, |it| it.utilisation.share),
];

impl Figure {
    /// The figure of a report; nothing where it has none, as lead times where nothing was done.
    #[must_use]
    pub fn value(&self, report: &Report) -> Option<f64> {
        let times = &report.lead_times;
        let is_known = times.instructions.count > 0 && times.tasks.count > 0;
        (is_known || self.unit != Unit::Hours).then(|| (self.of)(report))
    }
}

const fn figure(name: &'static str, unit: Unit, better: Better, of: fn(&Report) -> f64) -> Figure {
    Figure { name, unit, better, of }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Unit {
    /// A figure in words.
    #[must_use]
    pub fn say(self, value: f64) -> String {
        match self {
            Self::Count if value.fract() == 0.0 => format!("{value:.0}"),
            Self::Count | Self::PerDay => format!("{value:.2}"),
            Self::Hours if value.abs() < 1.0 => format!("{:.0} min", value * 60.0),
            Self::Hours if value.abs() < 48.0 => format!("{value:.1} h"),
            Self::Hours => format!("{:.1} d", value / 24.0),
            Self::Share => format!("{:.1} %", value * 100.0),
        }
    }
}

/// What the same scenario comes to by several seeds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Repeated {
    /// Always true: nothing of this happened.
    pub simulated: bool,
    /// The scenario.
    pub scenario: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The main figures.
    pub figures: Vec<Estimate>,
    /// Places that were the bottleneck, and by how many of the seeds, the most first.
    pub bottlenecks: Vec<super::report::CountOf>,
}

/// A figure over several runs, with its confidence interval.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Estimate {
    /// What it is.
    pub name: String,
    /// In what it is.
    pub unit: Unit,
    /// The mean.
    pub mean: f64,
    /// The standard deviation of the runs.
    pub deviation: f64,
    /// Half the width of the 95 % confidence interval of the mean; nothing from one run alone.
    pub half_width: Option<f64>,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Repeated {
    /// Of these reports, all of one scenario.
    #[must_use]
    pub fn of(reports: &[Report]) -> Self {
        let figures = FIGURES.iter().map(|figure| {
            let values: Vec<f64> = reports.iter().filter_map(|report| figure.value(report)).collect();
            Estimate::of(figure.name, figure.unit, &values)
        });
        let mut bottlenecks: Vec<super::report::CountOf> = Vec::new();
        for place in reports.iter().filter_map(|report| report.bottleneck.as_ref()).map(|one| &one.place) {
            match bottlenecks.iter_mut().find(|found| found.name == *place) {
                Some(found) => found.count += 1,
                None => bottlenecks.push(super::report::CountOf { name: place.clone(), count: 1 }),
            }
        }
        bottlenecks.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.name.cmp(&other.name)));
        Self {
            simulated: true,
            scenario: reports.first().map(|report| report.scenario.clone()).unwrap_or_default(),
            seeds: reports.iter().map(|report| report.seed).collect(),
            figures: figures.collect(),
            bottlenecks,
        }
    }
}

impl Estimate {
    /// Of these values: the mean, and by Student's t how far it may be off.
    #[must_use]
    pub fn of(name: &str, unit: Unit, values: &[f64]) -> Self {
        let number = values.len() as f64;
        let mean = if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / number };
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = if values.len() < 2 { 0.0 } else { (squares / (number - 1.0)).sqrt() };
        let student = StudentsT::new(0.0, 1.0, number - 1.0).ok().filter(|_| values.len() > 1);
        Self {
            name: name.to_owned(),
            unit,
            mean,
            deviation,
            half_width: student.map(|t| t.inverse_cdf(0.975) * deviation / number.sqrt()),
            min: values.iter().copied().reduce(f64::min).unwrap_or(0.0),
            max: values.iter().copied().reduce(f64::max).unwrap_or(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_interval_of_the_tables() {
        // t for four degrees of freedom and 97.5 % is 2.776 in every table.
        let found = Estimate::of("x", Unit::Count, &[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((found.mean, found.min, found.max), (3.0, 1.0, 5.0));
        assert!((found.deviation - 2.5_f64.sqrt()).abs() < 1e-12);
        let half = found.half_width.expect("five runs have an interval");
        assert!((half - 2.776 * (2.5_f64 / 5.0).sqrt()).abs() < 1e-3, "{half}");
    }

    #[test]
    fn one_run_has_no_interval() {
        let found = Estimate::of("x", Unit::Count, &[4.0]);
        assert_eq!((found.mean, found.deviation, found.half_width), (4.0, 0.0, None));
    }
}
