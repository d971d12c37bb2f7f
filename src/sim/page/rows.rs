//! What stands in the tables of a page, as texts.

use serde::Serialize;

use super::span;
use crate::domain::task::StateName;
use crate::domain::work::Tier;
use crate::sim::report::{BreachCell, Distribution, IcUse, PlaceKind, Queue, Report};
use crate::sim::statistics::Comparison;

/// From so many ICs on, each domain is shown by how its ICs are distributed, and not each of them.
pub(super) const MANY: usize = 60;

/// Parts that the range from idle to always busy is divided into, where ICs are many.
const PARTS: usize = 10;

/// A figure at the top.
#[derive(Serialize)]
pub(super) struct Tile {
    name: &'static str,
    value: String,
    note: String,
}

/// The figures at the top.
pub(super) fn tiles(report: &Report) -> Vec<Tile> {
    let tile = |name, value, note| Tile { name, value, note };
    let (came, lead, late) = (&report.instructions, &report.lead_times.instructions, &report.breaches);
    vec![
        tile(
            "Instructions in",
            came.received.to_string(),
            format!("{:.1} a day over {:.1} days", report.throughput.received_per_day, report.days),
        ),
        tile(
            "Completed",
            came.completed.to_string(),
            format!("{} cancelled, {} rejected, {} open", came.cancelled, came.rejected, came.open),
        ),
        tile("Half done within", span(lead.p50_hours), format!("mean {}", span(lead.mean_hours))),
        tile("Nine in ten within", span(lead.p90_hours), format!("99 % within {}", span(lead.p99_hours))),
        tile(
            "Past their target",
            percent(ratio(late.target, late.entered)),
            format!("of {} stays; {} past the last limit", late.entered, late.escalation),
        ),
        tile(
            "Escalations",
            report.escalations.raised.to_string(),
            format!("{} reached a person", report.escalations.reached_person),
        ),
        tile("Utilisation", percent(report.utilisation.share), "of all slots".to_owned()),
        tile("Tasks done", report.tasks.completed.to_string(), format!("{:.1} a day", report.throughput.tasks_per_day)),
    ]
}

/// Lead times as a table.
pub(super) fn lead_times(report: &Report) -> Vec<Vec<String>> {
    let row = |name: String, lead: &Distribution| {
        let spans = [lead.mean_hours, lead.p50_hours, lead.p90_hours, lead.p99_hours, lead.max_hours].map(span);
        [name, lead.count.to_string()].into_iter().chain(spans).collect::<Vec<_>>()
    };
    let found = &report.lead_times;
    let mut rows = vec![row("Instructions".to_owned(), &found.instructions)];
    rows.extend(found.instructions_by_tier.iter().map(|one| row(format!("· tier {}", one.tier), &one.lead)));
    rows.push(row("Tasks".to_owned(), &found.tasks));
    rows.extend(found.tasks_by_tier.iter().map(|one| row(format!("· of tier {}", one.tier), &one.lead)));
    rows
}

/// Passed limits of one state, a cell for each tier.
#[derive(Serialize)]
pub(super) struct HeatRow {
    state: String,
    cells: Vec<Option<HeatCell>>,
}

/// Passed limits in one state by tasks of one tier.
#[derive(Serialize)]
struct HeatCell {
    share: String,
    detail: String,
    /// How dark it is, 0 to 5.
    heat: u8,
}

/// Passed limits by state and tier; states that nothing entered are left out.
pub(super) fn heat(report: &Report) -> Vec<HeatRow> {
    let cells = &report.breaches.cells;
    let states = StateName::ALL.iter().map(ToString::to_string);
    let entered = states.filter(|state| cells.iter().any(|cell| cell.state == *state));
    let row = |state: String| {
        let of_tier = |tier: &Tier| {
            let found = cells.iter().find(|cell| cell.state == state && cell.tier == u8::from(*tier));
            found.map(heat_cell)
        };
        HeatRow { cells: Tier::ALL.iter().map(of_tier).collect(), state }
    };
    entered.map(row).collect()
}

fn heat_cell(cell: &BreachCell) -> HeatCell {
    let heat = match cell.target_rate {
        none if none <= 0.0 => 0,
        little if little < 0.05 => 1,
        some if some < 0.15 => 2,
        more if more < 0.30 => 3,
        much if much < 0.50 => 4,
        _most => 5,
    };
    let detail = format!("{} of {}; {} last limit", cell.target, cell.entered, cell.escalation);
    HeatCell { share: percent(cell.target_rate), detail, heat }
}

/// A domain with its ICs.
#[derive(Serialize)]
pub(super) struct DomainRow {
    name: String,
    ics: u32,
    busy: Busy,
    reviews: u64,
    people: Vec<Busy>,
    /// How many ICs are in each part of the range from idle to always busy: a number, and how dark it is.
    parts: Vec<(u32, u8)>,
}

/// How busy somebody was.
#[derive(Serialize)]
struct Busy {
    name: String,
    percent: String,
    /// The length of the bar, 0 to 100.
    width: String,
    detail: String,
}

/// How busy everybody was, by domain.
pub(super) fn domains(report: &Report) -> Vec<DomainRow> {
    let used = &report.utilisation;
    let row = |domain: &crate::sim::report::DomainUse| {
        let ics: Vec<&IcUse> = used.ics.iter().filter(|ic| ic.domain == domain.domain).collect();
        let detail = format!("{:.0} of {:.0} slot hours", domain.busy_hours, domain.slot_hours);
        DomainRow {
            name: domain.domain.clone(),
            ics: domain.ics,
            busy: busy(&domain.domain, domain.share, detail),
            reviews: domain.reviews,
            people: ics.iter().filter(|_| used.ics.len() <= MANY).map(|ic| of_ic(ic)).collect(),
            parts: parts(&ics),
        }
    };
    used.domains.iter().map(row).collect()
}

fn of_ic(ic: &IcUse) -> Busy {
    let name = ic.ic.rsplit('/').next().unwrap_or(&ic.ic);
    busy(name, ic.share, format!("{} attempts, {} reviews", ic.attempts, ic.reviews))
}

fn busy(name: &str, share: f64, detail: String) -> Busy {
    let width = format!("{:.1}", (share * 100.0).clamp(0.0, 100.0));
    Busy { name: name.to_owned(), percent: percent(share), width, detail }
}

fn parts(ics: &[&IcUse]) -> Vec<(u32, u8)> {
    let mut counts = [0_u32; PARTS];
    for ic in ics {
        let part = ((ic.share * PARTS as f64) as usize).min(PARTS - 1);
        if let Some(count) = counts.get_mut(part) {
            *count += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0).max(1);
    let dark = |count: u32| if count == 0 { 0 } else { u8::try_from((count * 5).div_ceil(most)).unwrap_or(5) };
    counts.iter().map(|count| (*count, dark(*count))).collect()
}

/// For whom things waited.
pub(super) fn waits(report: &Report) -> Vec<Vec<String>> {
    let row = |wait: &crate::sim::report::PlaceWait| {
        let sort = match wait.kind {
            PlaceKind::Team => "ICs",
            PlaceKind::Manager => "manager",
            PlaceKind::Person => "person",
        };
        let stages: Vec<String> = wait
            .stages
            .iter()
            .filter(|stage| stage.hours >= 0.05)
            .take(3)
            .map(|stage| format!("{} {}", stage.stage, span(stage.hours)))
            .collect();
        vec![
            wait.place.clone(),
            sort.to_owned(),
            span(wait.hours),
            percent(wait.share),
            format!("{:.1}", wait.mean_waiting),
            wait.max_waiting.to_string(),
            wait.utilisation.map_or_else(|| "–".to_owned(), percent),
            stages.join("; "),
        ]
    };
    report.waits.iter().take(15).map(row).collect()
}

/// Time in the states of tasks and instructions.
pub(super) fn states(report: &Report) -> Vec<(bool, Vec<String>)> {
    let all = [&report.instruction_states, &report.task_states].into_iter().enumerate();
    all.flat_map(|(place, states)| states.iter().map(move |state| (place == 1, state)))
        .filter(|(_, state)| state.visits + state.open > 0)
        .map(|(of_tasks, state)| {
            let row = vec![
                state.state.clone(),
                state.visits.to_string(),
                span(state.mean_hours),
                span(state.p90_hours),
                percent(state.share),
                state.open.to_string(),
            ];
            (of_tasks, row)
        })
        .collect()
}

/// The queues of the domains.
pub(super) fn queues(report: &Report) -> Vec<Vec<String>> {
    let cell = |queue: &Queue| format!("{:.1} / {}", queue.mean, queue.max);
    let row = |one: &crate::sim::report::DomainQueues| {
        let queues = [&one.unassigned, &one.desks, &one.at_work, &one.review, &one.stuck, &one.held_back];
        std::iter::once(one.domain.clone()).chain(queues.map(cell)).collect()
    };
    report.queues.iter().map(row).collect()
}

/// Little's law in a sentence.
pub(super) fn little(report: &Report) -> String {
    let found = &report.little;
    format!(
        "{:.3} instructions in the system in the mean; {:.4} came in an hour and stayed {} each, which makes {:.3}. \
         The gap is {:.4} %.",
        found.mean_in_system,
        found.arrivals_per_hour,
        span(found.mean_hours_in_system),
        found.arrivals_per_hour * found.mean_hours_in_system,
        found.relative_gap * 100.0
    )
}

/// What was done more than once, as pairs.
pub(super) fn quality(report: &Report) -> Vec<(String, String)> {
    let found = &report.quality;
    let mut rows = vec![
        ("Reviews that sent the work back".to_owned(), percent(found.rework_share)),
        ("Rounds of rework".to_owned(), found.rework_rounds.to_string()),
        ("Handoffs refused".to_owned(), found.handoffs_rejected.to_string()),
        ("Attempts".to_owned(), found.attempts.to_string()),
        ("Tasks given to another IC".to_owned(), found.reassigned.to_string()),
        ("Tasks taken back".to_owned(), found.taken_back.to_string()),
        ("Questions asked".to_owned(), found.questions.to_string()),
    ];
    rows.extend(
        found.failed_attempts.iter().map(|one| (format!("Attempts failed: {}", one.name), one.count.to_string())),
    );
    rows.extend(found.blockers.iter().map(|one| (format!("Blocked: {}", one.name), one.count.to_string())));
    rows
}

/// A figure in two reports.
#[derive(Serialize)]
pub(super) struct ChangeRow {
    name: String,
    before: String,
    after: String,
    change: String,
    /// `better`, `worse` or nothing.
    class: &'static str,
}

/// The main figures of two reports.
pub(super) fn changes(comparison: &Comparison) -> Vec<ChangeRow> {
    let row = |change: &crate::sim::statistics::Change| ChangeRow {
        name: change.name.clone(),
        before: change.unit.say(change.before),
        after: change.unit.say(change.after),
        change: change.relative.map_or_else(|| "–".to_owned(), |by| format!("{:+.1} %", by * 100.0)),
        class: match change.is_better {
            Some(true) => "better",
            Some(false) => "worse",
            None => "",
        },
    };
    comparison.changes.iter().map(row).collect()
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
