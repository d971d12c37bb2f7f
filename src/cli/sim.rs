//! `echelon sim`: an organisation under load on virtual time, what that came to, and what would change it.

mod page;
mod whatif;

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use super::exit::{Exit, Failure};
use super::output::{self, Printer, readable, shell_word};
use crate::config;
use crate::config::scenario::Scenario;
use crate::sim::report::Report;
use crate::sim::statistics::{Comparison, Repeated};
use crate::sim::{self, Options, Outcome, Progress};

/// How often the bar is drawn again.
const REDRAW: Duration = Duration::from_millis(100);

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_precedence_over_arg = true)]
pub(super) struct SimArgs {
    #[command(subcommand)]
    command: Option<SimCommand>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Subcommand, Debug)]
enum SimCommand {
    /// Show a report again that `--json` has written
    Show {
        /// The report, a JSON file
        report: PathBuf,
        #[command(flatten)]
        form: FormArgs,
    },
    /// Compare two reports that `--json` has written
    Compare {
        /// The first, a JSON file
        before: PathBuf,
        /// The second
        after: PathBuf,
        #[command(flatten)]
        form: FormArgs,
    },
    /// Run a scenario as it is and with other people, and say what changes
    Whatif(whatif::WhatifArgs),
}

#[derive(Args, Debug)]
struct RunArgs {
    /// The scenario, a TOML file
    #[arg(value_name = "SCENARIO", required = true)]
    scenario: Option<PathBuf>,
    #[command(flatten)]
    chance: ChanceArgs,
    #[command(flatten)]
    form: FormArgs,
    /// Write the journal to this file, one JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with = "repeat")]
    export_journal: Option<PathBuf>,
    /// Run it by so many seeds, one after the other, and show means with their 95 % confidence intervals
    #[arg(long, value_name = "N", conflicts_with = "html", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    repeat: Option<u32>,
}

/// What may be other than the scenario says.
#[derive(Args, Debug, Clone, Copy)]
struct ChanceArgs {
    /// Where its chance comes from [default: as the scenario says]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Days that it goes on [default: as the scenario says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: Option<u32>,
}

/// In which form the result is wanted.
#[derive(Args, Debug, Clone)]
struct FormArgs {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// Write a page for the browser to this file, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl FormArgs {
    /// Makes sure, before it takes long to find out what stands on the page, that it can be written, and that none of these
    /// files is written over another.
    fn open(&self, files: &[Option<&Path>]) -> Result<(), Failure> {
        let files: Vec<&Path> = files.iter().copied().chain([self.html.as_deref()]).flatten().collect();
        apart(&files)?;
        let Some(file) = &self.html else { return Ok(()) };
        // What is there stays until there is a page to take its place.
        let opened = File::options().append(true).create(true).open(file);
        opened.map(drop).map_err(|error| unwritable(file, &error))
    }
}

/// Refuses files of which one would be written over another.
fn apart(files: &[&Path]) -> Result<(), Failure> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    for (place, file) in files.iter().enumerate() {
        if files[..place].iter().any(|other| real(other) == real(file)) {
            let what = format!("`{}` would be written over", file.display());
            return Err(Failure::new(Exit::Usage, what, "name another file to write to"));
        }
    }
    Ok(())
}

pub(super) fn run(args: SimArgs, printer: &Printer) -> Result<Exit, Failure> {
    match args.command {
        Some(SimCommand::Show { report, form }) => {
            form.open(&[Some(&report)])?;
            let report = read(&report)?;
            show(&report, &form, printer)?;
        }
        Some(SimCommand::Compare { before, after, form }) => compare(&before, &after, &form, printer)?,
        Some(SimCommand::Whatif(args)) => whatif::run(&args, printer)?,
        None => match args.run.repeat {
            Some(times) => repeat(&args.run, times, printer)?,
            None => once(&args.run, printer)?,
        },
    }
    Ok(Exit::Done)
}

fn once(args: &RunArgs, printer: &Printer) -> Result<(), Failure> {
    let path = args.scenario.as_deref().unwrap_or_else(|| Path::new(""));
    let scenario = load(path, args.chance)?;
    args.form.open(&[Some(path), args.export_journal.as_deref()])?;
    let began = Instant::now();
    let journal = args.export_journal.clone();
    let run = Run { path, scenario, changed: false, journal, quiet: args.form.json, what: String::new() };
    let report = simulate(&run)?;
    show(&report, &args.form, printer)?;
    if !args.form.json {
        let events = output::count(report.events, "event");
        printer.note(format!("{events} in {:.1} s of real time", began.elapsed().as_secs_f64()));
    }
    Ok(())
}

/// Runs the scenario by several seeds in a row.
fn repeat(args: &RunArgs, times: u32, printer: &Printer) -> Result<(), Failure> {
    let path = args.scenario.as_deref().unwrap_or_else(|| Path::new(""));
    let first = load(path, args.chance)?;
    let mut reports = Vec::new();
    for number in 0..times {
        let seed = first.seed.wrapping_add(u64::from(number));
        let scenario = Scenario { seed, ..first.clone() };
        let what = format!("run {} of {times}  ", number + 1);
        reports.push(simulate(&Run { path, scenario, changed: false, journal: None, quiet: args.form.json, what })?);
    }
    let repeated = Repeated::of(&reports);
    if args.form.json {
        return printer.json(&repeated);
    }
    page::repeated(&readable(&repeated)?).iter().try_for_each(|line| printer.drawn_line(line))
}

fn compare(before: &Path, after: &Path, form: &FormArgs, printer: &Printer) -> Result<(), Failure> {
    form.open(&[Some(before)])?;
    form.open(&[Some(after)])?;
    let (first, second) = (read(before)?, read(after)?);
    let name = |path: &Path| path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let names = (name(before), name(after));
    let comparison = Comparison::between((&names.0, &first), (&names.1, &second));
    if let Some(file) = &form.html {
        let page = sim::page::comparison(&comparison, &first, &second);
        write(file, &page.map_err(|error| Failure::plain(Exit::Failed, error.to_string()))?)?;
    }
    if form.json {
        return printer.json(&comparison);
    }
    page::comparison(&readable(&comparison)?).iter().try_for_each(|line| printer.drawn_line(line))
}

/// The scenario in a file, with what was said otherwise.
fn load(path: &Path, chance: ChanceArgs) -> Result<Scenario, Failure> {
    let mut scenario = config::scenario(path)?;
    scenario.days = chance.days.unwrap_or(scenario.days);
    scenario.seed = chance.seed.unwrap_or(scenario.seed);
    Ok(scenario)
}

/// One run of a scenario.
struct Run<'a> {
    /// The file it came from.
    path: &'a Path,
    scenario: Scenario,
    /// Whether its organisation is another one than the file says.
    changed: bool,
    journal: Option<PathBuf>,
    /// Whether nothing is drawn while it runs.
    quiet: bool,
    /// Which of several it is, in front of the bar.
    what: String,
}

/// Runs a scenario, with a bar on the terminal where there is one.
fn simulate(run: &Run<'_>) -> Result<Report, Failure> {
    let progress = Arc::new(Progress::default());
    let bar = (!run.quiet && io::stderr().is_terminal()).then(|| bar(run));
    let options =
        Options { journal: run.journal.clone(), progress: Arc::clone(&progress), ..Options::of(run.scenario.clone()) };
    let outcome = thread::scope(|scope| {
        let running = scope.spawn(|| sim::run(&options));
        while let Some(bar) = bar.as_ref().filter(|_| !running.is_finished()) {
            bar.set_position(progress.passed.load(Ordering::Relaxed));
            bar.set_message(format!("{} events", progress.events.load(Ordering::Relaxed)));
            thread::sleep(REDRAW);
        }
        running.join()
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let outcome = outcome.map_err(|_| Failure::plain(Exit::Failed, "the simulation broke off; please report it"))?;
    let Outcome { mut report, journal_hash } = outcome.map_err(|error| failure(error, run))?;
    report.journal_hash = Some(journal_hash);
    Ok(report)
}

fn bar(run: &Run<'_>) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(run.scenario.days).saturating_mul(86_400_000));
    bar.set_prefix(run.what.clone());
    // The template is a constant of ours: it is sound.
    if let Ok(style) = ProgressStyle::with_template("  {prefix}{wide_bar} {percent:>3} %  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Why there is no outcome, and how to see it again.
fn failure(error: sim::Error, run: &Run<'_>) -> Failure {
    match error {
        sim::Error::Violation { violation, seed } => Failure::new(
            Exit::Violated,
            format!("with seed {seed}, {violation}"),
            if run.changed {
                "this is a fault of this program, please report it; the same command shows it again".to_owned()
            } else {
                format!(
                    "this is a fault of this program, please report it; it shows again with `echelon sim {} --seed {seed} --days {}`",
                    shell_word(&run.path.display().to_string()),
                    run.scenario.days
                )
            },
        ),
        sim::Error::Refused { .. } => {
            Failure::new(Exit::Refused, error.to_string(), "correct what the scenario asks for at that time")
        }
        sim::Error::Journal { .. } => {
            Failure::new(Exit::Failed, error.to_string(), "give the path of a file that you may write to")
        }
        sim::Error::Start(_) | sim::Error::Ledger(_) => Failure::plain(Exit::Failed, error.to_string()),
    }
}

/// A report as `--json` writes it.
#[derive(Deserialize)]
struct Written {
    answer: Report,
}

fn read(path: &Path) -> Result<Report, Failure> {
    const HELP: &str = "give a file that `echelon sim SCENARIO --json > FILE` has written";
    let named = |what: String| Failure::new(Exit::Failed, format!("`{}` {what}", path.display()), HELP);
    let text = fs::read_to_string(path).map_err(|error| named(format!("cannot be read: {error}")))?;
    let written: Written = serde_json::from_str(&text).map_err(|error| named(format!("is no report: {error}")))?;
    Ok(written.answer)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("`{}` cannot be written: {error}", path.display());
    Failure::new(Exit::Failed, message, "give the path of a file that you may write to")
}

fn show(report: &Report, form: &FormArgs, printer: &Printer) -> Result<(), Failure> {
    if let Some(file) = &form.html {
        let page = sim::page::report(report);
        write(file, &page.map_err(|error| Failure::plain(Exit::Failed, error.to_string()))?)?;
    }
    if form.json {
        return printer.json(report);
    }
    page::lines(&readable(report)?).iter().try_for_each(|line| printer.drawn_line(line))
}
