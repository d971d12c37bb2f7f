//! `echelon run`: starts the organisation, has one instruction done, shows its progress, and ends with it.
//!
//! On a terminal the progress is a tree drawn over itself; otherwise it is a line for each event. With a daemon on the
//! data directory already, the instruction goes to that one.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::watch;

use super::connect::{self, PATIENCE, PAUSE, ask, query};
use super::exit::{Exit, Failure};
use super::instruction::InstructionArgs;
use super::live::{self, Live};
use super::needs::show_needs;
use super::output::{self, Printer, readable};
use super::results::{last, show_results};
use super::serve::{self, Signals};
use super::submit::{note_existing, submit};
use super::watch::line;
use super::{ChartArgs, OutputArgs};
use crate::api::client;
use crate::api::view::{EventView, InstructionView, PlanPart, StatusView};
use crate::api::wire::{Ask, Query, Submitted};
use crate::app::App;
use crate::domain::org::Chart;

/// How often the tree is drawn again while nothing happens, so that the clock goes on.
const REDRAW: Duration = Duration::from_millis(250);

#[derive(Args, Debug)]
pub(super) struct RunArgs {
    #[command(flatten)]
    chart: ChartArgs,
    #[command(flatten)]
    instruction: InstructionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl RunArgs {
    /// Whether every event is a line on standard output.
    pub(super) const fn shows_lines(&self, printer: &Printer) -> bool {
        matches!(self.mode(printer), Mode::Lines)
    }

    const fn mode(&self, printer: &Printer) -> Mode {
        match (self.output.json, printer.is_live()) {
            (true, _) => Mode::Silent,
            (false, true) => Mode::Tree,
            (false, false) => Mode::Lines,
        }
    }
}

pub(super) async fn run(data_dir: &Path, args: RunArgs, printer: &Printer) -> Result<Exit, Failure> {
    let chart = serve::load_chart(args.chart.org.as_deref())?;
    super::repository::find(args.instruction.repo.as_deref())?;
    let mut signals = Signals::listen()?;
    let app = start_or_join(data_dir, chart.as_ref(), printer).await?;
    let Some(app) = app else {
        let ended = have_done(data_dir, &args, &mut signals, printer).await?;
        if let Ended::Interrupted { instruction } = &ended {
            let watch = connect::command(data_dir, &format!("watch {instruction}"));
            printer.note(format!("{instruction} goes on; follow it with `{watch}`"));
        }
        return Ok(ended.exit());
    };
    let ended = tokio::select! {
        ended = have_done(data_dir, &args, &mut signals, printer) => Ok(ended),
        why = app.failed() => Err(why),
    };
    match ended {
        Err(why) => Err(serve::write_failed(app, &why).await),
        Ok(Ok(Ended::Interrupted { instruction })) => {
            serve::drain(app, &mut signals, printer).await?;
            let up = connect::command(data_dir, "up");
            printer.note(format!("{instruction} is not finished; it goes on with `{up}`"));
            Ok(Exit::Interrupted)
        }
        Ok(ended) => {
            let others = other_work(data_dir, &ended).await;
            app.stop().await;
            if others > 0 {
                let up = connect::command(data_dir, "up");
                let open = output::count(others, "other instruction");
                printer.note(format!("{open} not finished; `{up}` goes on with what is open"));
            }
            Ok(ended?.exit())
        }
    }
}

/// How many other instructions could go on if this did not end now. It is only for a note, so failing gives none.
async fn other_work(data_dir: &Path, ended: &Result<Ended, Failure>) -> usize {
    let Ok(Ended::Shown { instruction, .. }) = ended else {
        return 0;
    };
    let status: Result<StatusView, Failure> = query(data_dir, Query::Status).await;
    let open = status.map(|status| status.instructions).unwrap_or_default();
    open.iter().filter(|one| one.id != *instruction && !one.waits_for_person).count()
}

/// Starts the organisation; with a daemon on the directory already, that one is used.
async fn start_or_join(data_dir: &Path, chart: Option<&Chart>, printer: &Printer) -> Result<Option<App>, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let asked = async { ask(data_dir, Ask::Query(Query::Status)).await?.one::<StatusView>().await };
        match tokio::time::timeout_at(deadline.into(), asked).await {
            Ok(Ok(status)) => {
                let directory = output::path(&data_dir.display().to_string());
                printer.note(format!("`{}` is up on {directory} already and does this", status.organisation));
                return Ok(None);
            }
            // Nobody is there, or what is there is just ending and answers no more.
            Ok(Err(client::Error::NotRunning { .. } | client::Error::Connection(_))) | Err(_) => {}
            Ok(Err(error)) => return Err(error.into()),
        }
        match serve::start(data_dir, chart).await {
            Ok(app) => return Ok(Some(app)),
            // Somebody reads it, or another daemon starts or ends.
            Err(error) if serve::is_in_use(&error) && Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
}

enum Ended {
    /// It is over, or nothing goes on without a person.
    Shown {
        /// What that means for the exit code.
        exit: Exit,
        /// Its id.
        instruction: String,
    },
    /// Ctrl-C came first.
    Interrupted {
        /// The short id.
        instruction: String,
    },
}

impl Ended {
    const fn exit(&self) -> Exit {
        match self {
            Self::Shown { exit, .. } => *exit,
            Self::Interrupted { .. } => Exit::Interrupted,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Tree,
    Lines,
    Silent,
}

/// Hands the instruction in, follows it and shows how it ends.
async fn have_done(
    data_dir: &Path,
    args: &RunArgs,
    signals: &mut Signals,
    printer: &Printer,
) -> Result<Ended, Failure> {
    let begun = Instant::now();
    let submitted = submit(data_dir, args.instruction.clone()).await?;
    note_existing(&submitted, printer);
    let view = tokio::select! {
        followed = follow(data_dir, &submitted, begun, args.mode(printer), printer) => followed?,
        () = signals.next() => return Ok(Ended::Interrupted { instruction: submitted.instruction.short() }),
    };
    match show_end(printer, data_dir, &view, begun.elapsed(), args.output) {
        // Nobody reads it any more; what it says is in the exit code, too.
        Err(failure) if failure.exit == Exit::Done => {}
        shown => shown?,
    }
    Ok(Ended::Shown { exit: exit_of(&view), instruction: view.instruction.id })
}

/// Follows an instruction until it is over, or nothing goes on without a person.
async fn follow(
    data_dir: &Path,
    submitted: &Submitted,
    begun: Instant,
    mode: Mode,
    printer: &Printer,
) -> Result<Box<InstructionView>, Failure> {
    let id = submitted.instruction.to_string();
    let mut lines = Lines { printer, shown: mode == Mode::Lines, next: submitted.sequence };
    let mut events = ask(data_dir, lines.watch(&id, true)).await?;
    let (happened, mut happening) = watch::channel(());
    let live = (mode == Mode::Tree).then_some(Live);
    // Events come in as fast as they happen; the view is asked for only as often as it is drawn.
    let reading = async {
        while let Some(event) = events.next::<EventView>().await? {
            lines.show(&event)?;
            happened.send_replace(());
        }
        let view: InstructionView = query(data_dir, Query::Instruction { id: id.clone() }).await?;
        if is_over(&view) {
            // The events end with the instruction; whoever looks sees it, too.
            std::future::pending::<()>().await;
        }
        Err::<(), Failure>(super::watch::ended())
    };
    let looking = async {
        loop {
            let view: InstructionView = query(data_dir, Query::Instruction { id: id.clone() }).await?;
            if let Some(live) = &live {
                live.draw(live::lines(&readable(&view)?, Some(begun.elapsed())));
            }
            if is_over(&view) || view.instruction.waits_for_person {
                return Ok::<_, Failure>(Box::new(view));
            }
            tokio::select! {
                changed = happening.changed() => if changed.is_ok() && mode == Mode::Tree {
                    tokio::time::sleep(REDRAW / 4).await;
                },
                () = tokio::time::sleep(REDRAW) => {}
            }
        }
    };
    let view = tokio::select! {
        failed = reading => return Err(failed.err().unwrap_or_else(super::watch::ended)),
        view = looking => view?,
    };
    if lines.shown {
        // What had happened when the view was taken and has not been shown yet.
        let mut rest = ask(data_dir, lines.watch(&id, false)).await?;
        while let Some(event) = rest.next::<EventView>().await? {
            lines.show(&event)?;
        }
    }
    Ok(view)
}

/// Events as lines on standard output.
struct Lines<'a> {
    printer: &'a Printer,
    /// Whether they are shown: not beside a tree, and not to nobody.
    shown: bool,
    /// The first event that has not been seen.
    next: u64,
}

impl Lines<'_> {
    fn watch(&self, instruction: &str, follow: bool) -> Ask {
        Ask::Watch { from: Some(self.next), instruction: Some(instruction.to_owned()), follow }
    }

    fn show(&mut self, event: &EventView) -> Result<(), Failure> {
        self.next = event.sequence + 1;
        if !self.shown || event.importance == "detail" {
            return Ok(());
        }
        match self.printer.line(line(event)) {
            // Whoever read this has seen enough; the work goes on.
            Err(failure) if failure.exit == Exit::Done => {
                self.shown = false;
                Ok(())
            }
            shown => shown,
        }
    }
}

pub(super) fn is_over(view: &InstructionView) -> bool {
    is_end(&view.instruction.state)
}

/// Whether nothing can happen to an instruction in this state any more.
fn is_end(state: &str) -> bool {
    matches!(state, "COMPLETED" | "CANCELLED" | "REJECTED")
}

fn exit_of(view: &InstructionView) -> Exit {
    match view.instruction.state.as_str() {
        "COMPLETED" => Exit::Done,
        "CANCELLED" | "REJECTED" => Exit::NotCompleted,
        _open => Exit::NeedsPerson,
    }
}

fn show_end(
    printer: &Printer,
    data_dir: &Path,
    view: &InstructionView,
    took: Duration,
    output: OutputArgs,
) -> Result<(), Failure> {
    if output.json {
        return printer.json(view);
    }
    let view = readable(view)?;
    if printer.is_live() {
        for line in live::lines(&view, Some(took)) {
            printer.drawn_line(&line)?;
        }
    }
    printer.line("")?;
    let instruction = &view.instruction;
    let is_over = |part: &&PlanPart| part.state.as_deref().is_some_and(is_end);
    let parts = view.parts.iter().filter(is_over).count();
    let tasks = match instruction.tasks {
        0 if !view.parts.is_empty() => format!("{parts} of {} over", output::count(view.parts.len(), "part")),
        0 => "it was not planned".to_owned(),
        1 if instruction.tasks_over == 1 => "its only task is over".to_owned(),
        all if instruction.tasks_over == all => format!("all {all} tasks are over"),
        all => format!("{} of {} over", instruction.tasks_over, output::count(all, "task")),
    };
    let verdict = if exit_of(&view) == Exit::NeedsPerson {
        format!("{} and waits for a person", output::state(&instruction.state))
    } else {
        output::state(&instruction.state)
    };
    printer.line(format!(
        "{} is {verdict} after {:.1} s, {tasks}",
        live::short(&instruction.id),
        took.as_secs_f64()
    ))?;
    if let Some(reason) = &view.reason {
        printer.line(reason)?;
    }
    let mut last = last(&view.tasks);
    if let (Some(task), None) = (last.next(), last.next())
        && let ("COMPLETED", Some(note)) = (task.state.as_str(), &task.note)
    {
        printer.line(note)?;
    }
    show_results(printer, &view.tasks)?;
    show_needs(printer, data_dir, false, &view.needs_person)
}
