//! A report on the terminal: the headline first, then a table for each question.

use console::style;

use super::super::columns::aligned;
use super::super::output::{count, pad};
use crate::sim::report::{CountOf, Distribution, Queue, Report};
use crate::sim::statistics::{Change, Comparison, Estimate, Repeated};

/// Widest line, in columns.
const WIDTH: usize = 100;

/// Longest name of a place in a table; a longer one loses its beginning, which is its department.
const NAME: usize = 32;

/// Rows of a table of people and places before the rest is only counted.
const ROWS: usize = 12;

/// The eighths of a column, the least first.
const TICKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The lines of the page. None is wider than a hundred columns.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let mut lines = headline(report);
    for (title, section) in [
        ("Day by day", days(report)),
        ("How long it took", lead_times(report)),
        ("Where the time went", states(report)),
        ("Past their limits", breaches(report)),
        ("What waited for whom", waits(report)),
        ("Queues of the domains: mean, most", queues(report)),
        ("How busy everybody was", people(report)),
        ("What went up the line", escalations(report)),
        ("What was done more than once", quality(report)),
    ] {
        if !section.is_empty() {
            lines.push(String::new());
            lines.push(style(title).bold().to_string());
            lines.extend(section);
        }
    }
    lines.push(String::new());
    lines.extend(footer(report));
    lines
}

/// What came in, what got done, how long it took, what was late and who holds it up.
fn headline(report: &Report) -> Vec<String> {
    let (came, tasks) = (&report.instructions, &report.tasks);
    let lead = &report.lead_times.instructions;
    let mark = style("SIMULATED").yellow().bold();
    let mut lines = vec![format!("{mark}  {}", style(fitted(&report.scenario, WIDTH - 11)).bold())];
    lines.extend(wrapped(&report.about, WIDTH - 2).into_iter().map(|line| format!("  {}", style(line).dim())));
    let mut say = |what: &str, text: String| {
        let mut text = wrapped(&text, WIDTH - 14).into_iter();
        lines.push(format!("  {} {}", pad(&style(what).bold().to_string(), 11), text.next().unwrap_or_default()));
        lines.extend(text.map(|line| format!("{}{line}", " ".repeat(14))));
    };
    say(
        "Came in",
        format!(
            "{} in {} days, {:.1} a day; {} of them",
            count(came.received, "instruction"),
            number(report.days),
            report.throughput.received_per_day,
            count(tasks.planned, "task")
        ),
    );
    say(
        "Got done",
        format!(
            "{} of them ({:.1} a day), {} ({:.1} a day); {} cancelled, {} rejected, {} open",
            came.completed,
            report.throughput.instructions_per_day,
            count(tasks.completed, "task"),
            report.throughput.tasks_per_day,
            came.cancelled,
            came.rejected,
            came.open
        ),
    );
    say(
        "Took",
        format!(
            "half of them at most {}, nine in ten {}, ninety-nine in a hundred {}",
            span(lead.p50_hours),
            span(lead.p90_hours),
            span(lead.p99_hours)
        ),
    );
    let late = &report.breaches;
    say(
        "Late",
        format!(
            "{} of stays in a state passed their target, {} the last limit; {} up the line",
            percent_of(late.target, late.entered),
            percent_of(late.escalation, late.entered),
            count(report.escalations.raised, "escalation")
        ),
    );
    say(
        "Bottleneck",
        report.bottleneck.as_ref().map_or_else(|| "nothing waited".to_owned(), |one| one.statement.clone()),
    );
    lines
}

/// The lines of what is different between two reports.
pub(super) fn comparison(found: &Comparison) -> Vec<String> {
    let title = format!("{} and {}", fitted(&found.before, 40), fitted(&found.after, 40));
    let mut lines = vec![format!("{}  {}", style("SIMULATED").yellow().bold(), style(title).bold())];
    for caution in &found.cautions {
        lines.extend(wrapped(caution, WIDTH - 2).iter().map(|line| format!("  {}", style(line).yellow())));
    }
    for sentence in &found.sentences {
        lines.extend(wrapped(sentence, WIDTH - 2).iter().map(|line| format!("  {line}")));
    }
    lines.push(String::new());
    let row = |change: &Change| {
        let by = change.relative.map_or_else(|| "-".to_owned(), |by| format!("{:+.1} %", by * 100.0));
        let by = match change.is_better {
            Some(true) => style(by).green().to_string(),
            Some(false) => style(by).red().to_string(),
            None => by,
        };
        vec![change.name.clone(), change.unit.say(change.before), change.unit.say(change.after), by]
    };
    let rows: Vec<Vec<String>> = found.changes.iter().map(row).collect();
    let (before, after) = (fitted(&found.before, 20), fitted(&found.after, 20));
    lines.extend(aligned(&["WHAT", &before, &after, "CHANGE"], &rows));
    lines
}

/// The lines of what several seeds come to.
pub(super) fn repeated(found: &Repeated) -> Vec<String> {
    let seeds = match (found.seeds.first(), found.seeds.last()) {
        (Some(first), Some(last)) => format!("{} by seeds {first} to {last}", count(found.seeds.len(), "run")),
        _none => "no runs".to_owned(),
    };
    let name = fitted(&found.scenario, 60);
    let mut lines = vec![format!("{}  {}  {seeds}", style("SIMULATED").yellow().bold(), style(name).bold())];
    let row = |one: &Estimate| {
        let half = one.half_width.map_or_else(|| "-".to_owned(), |half| format!("± {}", one.unit.say(half)));
        vec![one.name.clone(), one.unit.say(one.mean), half, one.unit.say(one.min), one.unit.say(one.max)]
    };
    let rows: Vec<Vec<String>> = found.figures.iter().map(row).collect();
    lines.extend(aligned(&["WHAT", "MEAN", "95 %", "LEAST", "MOST"], &rows));
    lines.push(String::new());
    lines.extend(named("bottleneck in", &found.bottlenecks));
    lines
}

fn days(report: &Report) -> Vec<String> {
    type Figure = fn(&crate::sim::report::Day) -> u32;
    let rows: [(&str, Figure); 6] = [
        ("instructions in", |day| day.received),
        ("instructions done", |day| day.instructions_completed),
        ("tasks done", |day| day.tasks_completed),
        ("instructions open", |day| day.open_instructions),
        ("tasks open", |day| day.open_tasks),
        ("waiting for people", |day| day.waiting_for_people),
    ];
    let row = |(name, figure): (&str, Figure)| {
        let figures: Vec<u32> = report.daily.iter().map(figure).collect();
        let most = figures.iter().max().copied().unwrap_or(0);
        format!("  {} {}  most {most}", pad(name, 18), sparkline(&figures))
    };
    rows.into_iter().map(row).collect()
}

fn lead_times(report: &Report) -> Vec<String> {
    let row = |name: String, lead: &Distribution| {
        let spans = [lead.p50_hours, lead.p90_hours, lead.p99_hours, lead.mean_hours, lead.max_hours].map(span);
        std::iter::once(name).chain([lead.count.to_string()]).chain(spans).collect::<Vec<_>>()
    };
    let found = &report.lead_times;
    let mut rows = vec![row("instructions".to_owned(), &found.instructions)];
    rows.extend(found.instructions_by_tier.iter().map(|one| row(format!("  tier {}", one.tier), &one.lead)));
    rows.push(row("tasks".to_owned(), &found.tasks));
    rows.extend(found.tasks_by_tier.iter().map(|one| row(format!("  tier {}", one.tier), &one.lead)));
    aligned(&["WHAT", "DONE", "HALF", "90 %", "99 %", "MEAN", "LONGEST"], &rows)
}

fn states(report: &Report) -> Vec<String> {
    let rows: Vec<Vec<String>> = report
        .task_states
        .iter()
        .filter(|state| state.visits + state.open > 0)
        .map(|state| {
            let spans = [span(state.mean_hours), span(state.p90_hours)];
            let first = [state.state.clone(), state.visits.to_string()];
            let share = format!("{} {:>3.0} %", bar(state.share), state.share * 100.0);
            first.into_iter().chain(spans).chain([share, state.open.to_string()]).collect()
        })
        .collect();
    aligned(&["STATE OF TASKS", "STAYS", "MEAN", "90 %", "OF ALL TIME", "AT THE END"], &rows)
}

fn breaches(report: &Report) -> Vec<String> {
    let cells = report.breaches.cells.iter().filter(|cell| cell.target > 0);
    let rows: Vec<Vec<String>> = cells
        .map(|cell| {
            let past = |number: u64| format!("{number} ({})", percent_of(number, cell.entered));
            vec![
                cell.state.clone(),
                cell.tier.to_string(),
                cell.entered.to_string(),
                past(cell.target),
                past(cell.warning),
                past(cell.escalation),
            ]
        })
        .collect();
    if rows.is_empty() {
        return vec!["  nothing".to_owned()];
    }
    aligned(&["STATE", "TIER", "STAYS", "TARGET", "WARNING", "LAST LIMIT"], &rows)
}

fn waits(report: &Report) -> Vec<String> {
    let rows: Vec<Vec<String>> = report
        .waits
        .iter()
        .take(ROWS)
        .map(|wait| {
            vec![
                fitted(&wait.place, NAME),
                format!("{:.0}", wait.hours),
                format!("{:>3.0} %", wait.share * 100.0),
                format!("{:.1}", wait.mean_waiting),
                wait.max_waiting.to_string(),
                wait.utilisation.map_or_else(|| "-".to_owned(), |busy| format!("{:>3.0} %", busy * 100.0)),
                wait.stages.first().map_or_else(String::new, |stage| stage.stage.clone()),
            ]
        })
        .collect();
    let mut lines = aligned(&["PLACE", "HOURS", "OF ALL", "MEAN", "MOST", "BUSY", "MOSTLY FOR"], &rows);
    lines.extend(rest(report.waits.len(), "place"));
    lines
}

fn queues(report: &Report) -> Vec<String> {
    let cell = |queue: &Queue| format!("{:.1}, {}", queue.mean, queue.max);
    let rows: Vec<Vec<String>> = report
        .queues
        .iter()
        .take(ROWS)
        .map(|one| {
            let queues = [&one.unassigned, &one.desks, &one.at_work, &one.review, &one.stuck, &one.held_back];
            std::iter::once(fitted(&one.domain, NAME)).chain(queues.map(cell)).collect()
        })
        .collect();
    let mut lines = aligned(&["DOMAIN", "NOBODY HAS", "ON DESKS", "AT WORK", "REVIEW", "STUCK", "HELD BACK"], &rows);
    lines.extend(rest(report.queues.len(), "domain"));
    lines
}

fn people(report: &Report) -> Vec<String> {
    let busy = |share: f64| format!("{} {:>3.0} %", bar(share), share * 100.0);
    let mut rows = Vec::new();
    for domain in report.utilisation.domains.iter().take(ROWS) {
        let who = format!("{}, {}", fitted(&domain.domain, NAME), count(domain.ics, "IC"));
        let hours = format!("{:.0} of {:.0}", domain.busy_hours, domain.slot_hours);
        rows.push(vec![style(who).bold().to_string(), busy(domain.share), hours, domain.reviews.to_string()]);
        let ics: Vec<_> = report.utilisation.ics.iter().filter(|ic| ic.domain == domain.domain).collect();
        // Of many, how they are distributed is told by the page for the browser.
        for ic in ics.iter().filter(|_| report.utilisation.ics.len() <= ROWS * 3) {
            let hours = format!("{:.0} of {:.0}", ic.busy_hours, ic.present_hours * f64::from(ic.parallel_limit));
            let who = format!("  {}", fitted(ic.ic.rsplit('/').next().unwrap_or(&ic.ic), NAME));
            rows.push(vec![who, busy(ic.share), hours, ic.reviews.to_string()]);
        }
    }
    let mut lines = aligned(&["WHO", "BUSY", "HOURS OF SLOTS", "REVIEWS"], &rows);
    lines.extend(rest(report.utilisation.domains.len(), "domain"));
    lines
}

fn escalations(report: &Report) -> Vec<String> {
    let found = &report.escalations;
    if found.raised == 0 {
        return vec!["  nothing".to_owned()];
    }
    let rows: Vec<Vec<String>> = found
        .levels
        .iter()
        .map(|level| {
            let figures =
                [level.raised, level.climbed_in, level.climbed_on, level.decided, level.by_itself, level.open];
            std::iter::once(level.level.clone()).chain(figures.map(|figure| figure.to_string())).collect()
        })
        .collect();
    let mut lines = aligned(&["LEVEL", "RAISED", "FROM BELOW", "WENT ON", "DECIDED", "BY ITSELF", "OPEN"], &rows);
    lines.extend(named("about", &found.troubles));
    lines.extend(named("decided by", &found.means));
    lines
}

fn quality(report: &Report) -> Vec<String> {
    let found = &report.quality;
    let mut lines = vec![
        format!(
            "  {} of {} sent the work back: {} of rework, {} refused",
            percent_of(found.rework_rounds + found.handoffs_rejected, found.reviews),
            count(found.reviews, "review"),
            count(found.rework_rounds, "round"),
            count(found.handoffs_rejected, "handoff")
        ),
        format!(
            "  {}; {} given to another IC, {} taken back, {} asked",
            count(found.attempts, "attempt"),
            count(found.reassigned, "task"),
            found.taken_back,
            count(found.questions, "question")
        ),
    ];
    lines.extend(named("failed", &found.failed_attempts));
    lines.extend(named("blocked", &found.blockers));
    lines
}

/// What the report rests on.
fn footer(report: &Report) -> Vec<String> {
    let little = &report.little;
    let mut lines = wrapped(
        &format!(
            "Little's law: {:.2} instructions in the system = {:.3} an hour x {} each; gap {:.4} %.",
            little.mean_in_system,
            little.arrivals_per_hour,
            span(little.mean_hours_in_system),
            little.relative_gap * 100.0
        ),
        WIDTH,
    );
    lines.push(format!("Seed {}, echelon {}, {}.", report.seed, report.program, count(report.events, "event")));
    lines.extend(report.journal_hash.iter().map(|hash| format!("Journal {hash}")));
    lines.push("Simulated: nobody did any of this, and no real person is measured by it.".to_owned());
    lines.into_iter().map(|line| style(fitted_end(&line, WIDTH)).dim().to_string()).collect()
}

fn named(what: &str, counts: &[CountOf]) -> Vec<String> {
    if counts.is_empty() {
        return Vec::new();
    }
    let counts: Vec<String> = counts.iter().map(|one| format!("{} {}", one.count, one.name)).collect();
    let lead = format!("  {what}: ");
    let lines = wrapped(&counts.join(", "), WIDTH - lead.len());
    let indent = " ".repeat(lead.len());
    lines.iter().enumerate().map(|(at, line)| format!("{}{line}", if at == 0 { &lead } else { &indent })).collect()
}

fn rest(all: usize, thing: &str) -> Option<String> {
    let left = all.checked_sub(ROWS).filter(|left| *left > 0)?;
    Some(format!("  … and {} more; --json has all", count(left, thing)))
}

/// Hours as people say them.
fn span(hours: f64) -> String {
    match hours {
        0.0 => "0".to_owned(),
        less if less < 1.0 => format!("{:.0} min", less * 60.0),
        some if some < 48.0 => format!("{some:.1} h"),
        many => format!("{:.1} d", many / 24.0),
    }
}

fn number(figure: f64) -> String {
    let rounded = format!("{figure:.1}");
    rounded.strip_suffix(".0").map_or_else(|| rounded.clone(), str::to_owned)
}

fn percent_of(part: u64, whole: u64) -> String {
    if whole == 0 { "0 %".to_owned() } else { format!("{} %", number(part as f64 * 100.0 / whole as f64)) }
}

/// A share as a bar of ten.
fn bar(share: f64) -> String {
    let filled = ((share * 10.0).round() as usize).min(10);
    format!("{}{}", "█".repeat(filled), "░".repeat(10 - filled))
}

/// A figure for each day as a line of columns; where there are more days than room, the mean of some days each.
fn sparkline(figures: &[u32]) -> String {
    const ROOM: usize = 60;
    let group = figures.len().div_ceil(ROOM).max(1);
    let means: Vec<f64> = figures
        .chunks(group)
        .map(|days| days.iter().map(|day| f64::from(*day)).sum::<f64>() / days.len() as f64)
        .collect();
    let most = means.iter().copied().fold(0.0, f64::max);
    means
        .iter()
        .map(|mean| {
            let height = if most > 0.0 { (mean / most * 7.0).round() as usize } else { 0 };
            TICKS.get(height).copied().unwrap_or(' ')
        })
        .collect()
}

/// A name without its beginning where it is longer than `width`.
fn fitted(name: &str, width: usize) -> String {
    let all = name.chars().count();
    if all <= width {
        name.to_owned()
    } else {
        format!("…{}", name.chars().skip(all - width + 1).collect::<String>())
    }
}

/// A text without its end where it is longer than `width`.
fn fitted_end(text: &str, width: usize) -> String {
    let all = text.chars().count();
    if all <= width { text.to_owned() } else { format!("{}…", text.chars().take(width - 1).collect::<String>()) }
}

/// A text in lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = fitted_end(word, width);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines
}
