//! `echelon sim whatif`: the same scenario with other people.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{Printer, count, readable};
use super::{ChanceArgs, FormArgs, Run, load, page, simulate, write};
use crate::config::scenario::Scenario;
use crate::domain::id::{DomainId, IcId};
use crate::domain::org::Chart;
use crate::domain::role::Role;
use crate::domain::work::Experience;
use crate::sim;
use crate::sim::report::Report;
use crate::sim::statistics::Comparison;

#[derive(Args, Debug)]
pub(super) struct WhatifArgs {
    /// The scenario, a TOML file
    scenario: PathBuf,
    /// With so many more ICs of a domain, such as backend:senior=2
    #[arg(long, value_name = "DOMAIN:EXPERIENCE=N", required_unless_present = "remove")]
    add: Vec<People>,
    /// With so many fewer
    #[arg(long, value_name = "DOMAIN:EXPERIENCE=N")]
    remove: Vec<People>,
    #[command(flatten)]
    chance: ChanceArgs,
    #[command(flatten)]
    form: FormArgs,
}

/// So many ICs of a domain and an experience.
#[derive(Clone, Debug)]
struct People {
    domain: String,
    experience: Experience,
    number: usize,
}

impl FromStr for People {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not DOMAIN:EXPERIENCE=N, such as backend:senior=2");
        let (place, number) = text.split_once('=').unwrap_or((text, "1"));
        let (domain, experience) = place.split_once(':').ok_or_else(wrong)?;
        let number = number.parse().ok().filter(|number| (1..=1_000).contains(number)).ok_or_else(wrong)?;
        let experience = experience.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { domain: domain.to_owned(), experience, number })
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    simulated: bool,
    notes: &'a [String],
    comparison: &'a Comparison,
    before: &'a Report,
    after: &'a Report,
}

pub(super) fn run(args: &WhatifArgs, printer: &Printer) -> Result<(), Failure> {
    let scenario = load(&args.scenario, args.chance)?;
    let (other, notes) = changed(&scenario, args)?;
    let quiet = args.form.json;
    let one = |scenario: Scenario, changed: bool| {
        let what = if changed { "changed  " } else { "as it is  " }.to_owned();
        simulate(&Run { path: &args.scenario, scenario, changed, journal: None, quiet, what })
    };
    args.form.open(&[Some(&args.scenario)])?;
    let (before, after) = (one(scenario, false)?, one(other, true)?);
    let comparison = Comparison::between(("as it is", &before), ("changed", &after));
    if let Some(file) = &args.form.html {
        let made = sim::page::comparison(&comparison, &before, &after);
        write(file, &made.map_err(|error| Failure::plain(Exit::Failed, error.to_string()))?)?;
    }
    if args.form.json {
        let (comparison, before, after) = (&comparison, &before, &after);
        return printer.json(&Answer { simulated: true, notes: &notes, comparison, before, after });
    }
    for note in &notes {
        printer.line(format!("With {}", super::output::clean(note)))?;
    }
    page::comparison(&readable(&comparison)?).iter().try_for_each(|line| printer.drawn_line(line))?;
    printer.line("")?;
    printer.line(format!(
        "Each ran once, with seed {}: what differs by little may be chance, which other seeds (--seed) show.",
        before.seed
    ))
}

/// The scenario with other people, and what was done in words.
fn changed(scenario: &Scenario, args: &WhatifArgs) -> Result<(Scenario, Vec<String>), Failure> {
    let mut other = scenario.clone();
    let mut notes = Vec::new();
    for people in &args.remove {
        notes.push(remove(&mut other, people)?);
    }
    for people in &args.add {
        notes.push(add(&mut other.chart, people)?);
    }
    Ok((other, notes))
}

fn add(chart: &mut Chart, people: &People) -> Result<String, Failure> {
    let domain = domain(chart, &people.domain)?;
    let (model, rest) = nearest(chart, &domain, people.experience)
        .and_then(|ic| Some((chart.ics.get(&ic)?.clone(), ic)))
        .ok_or_else(|| refused(format!("{domain} has no IC to take after"), "name a domain that has one"))?;
    let mut made = 0;
    for number in 1..=people.number.saturating_add(chart.ics.len()) {
        let Ok(id) = domain.ic(&format!("{}-{number}", people.experience)) else {
            continue;
        };
        if made < people.number && !chart.ics.contains_key(&id) {
            let mut ic = model.clone();
            (ic.id, ic.experience) = (id.clone(), people.experience);
            chart.ics.insert(id, ic);
            made += 1;
        }
    }
    let said = if model.experience == people.experience {
        String::new()
    } else {
        format!(
            ", who is {}: there is no {} there, and skills and hours are as those of {}",
            model.experience,
            people.experience,
            rest.name()
        )
    };
    Ok(format!("{} more in {domain}, after {}{said}", count(made, "IC"), rest.name()))
}

fn remove(scenario: &mut Scenario, people: &People) -> Result<String, Failure> {
    let domain = domain(&scenario.chart, &people.domain)?;
    let mut gone: Vec<String> = Vec::new();
    for _ in 0..people.number {
        let left = scenario.chart.ics_of(&domain).count();
        let last = scenario.chart.ics_of(&domain).filter(|ic| ic.experience == people.experience).last();
        let Some(id) = last.map(|ic| ic.id.clone()).filter(|_| left > 1) else {
            let why =
                format!("{domain} cannot lose {} of {}: somebody has to be left", people.number, people.experience);
            return Err(refused(
                why,
                "take away fewer, or of another experience; `echelon org show` says who there is",
            ));
        };
        let role = Role::Ic(id.clone());
        scenario.chart.ics.remove(&id);
        scenario.chart.absences.remove(&role);
        scenario.absences.retain(|absence| absence.who != role);
        gone.push(id.name().to_owned());
    }
    Ok(format!("{} fewer in {domain}: without {}", count(gone.len(), "IC"), gone.join(", ")))
}

/// The domain of a name, which may go without its department where only one has it.
fn domain(chart: &Chart, name: &str) -> Result<DomainId, Failure> {
    let found: Vec<&DomainId> = chart.domains.keys().filter(|id| id.to_string() == name || id.name() == name).collect();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(refused(format!("there is no domain `{name}`"), "`echelon org show` says which there are")),
        _many => Err(refused(format!("several departments have a domain `{name}`"), "name it with its department")),
    }
}

/// The IC of a domain whose experience is nearest to this one; of several the first by name.
fn nearest(chart: &Chart, domain: &DomainId, experience: Experience) -> Option<IcId> {
    let distance = |other: Experience| (other as i32 - experience as i32).abs();
    chart.ics_of(domain).min_by_key(|ic| distance(ic.experience)).map(|ic| ic.id.clone())
}

fn refused(what: String, help: &str) -> Failure {
    Failure::new(Exit::Refused, what, help)
}
