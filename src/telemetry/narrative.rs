//! What an event says, in one line: the words of the log, of `watch` and of `run`.

mod escalation;
mod standup;

pub use self::escalation::span;

use std::fmt::Display;

use crate::domain::capacity::Band;
use crate::domain::command::AfterBlock;
use crate::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use crate::domain::id::{BriefField, InstructionId, TaskId};
use crate::domain::state::{Archived, State};
use crate::domain::task::{CancelledDecision, FailureClass, Task};

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Importance {
    /// Signs of life and the like.
    Detail,
    /// Something changed its state.
    Change,
    /// Something went wrong, or up the line.
    Trouble,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// How much it matters.
    pub importance: Importance,
    /// The words, without time or level.
    pub text: String,
}

/// Longest piece of somebody else's text in a line, in characters.
const QUOTE_LIMIT: usize = 160;

/// What `entry` says. `state` is one that contains it; `archived` are instructions that left the state with it.
#[must_use]
pub fn narrate(entry: &Entry, state: &State, archived: &[Archived]) -> Line {
    let (importance, text) = match &entry.event {
        Event::ChartApplied(chart) => (
            Importance::Change,
            format!(
                "the organisation `{}` runs by a chart of {}, {} and {}",
                quote(&chart.name),
                count(chart.departments.len(), "department"),
                count(chart.domains.len(), "domain"),
                count(chart.ics.len(), "IC")
            ),
        ),
        Event::Started { program } => (Importance::Detail, format!("echelon {program} took the directory over")),
        Event::Received { id, request, department } => {
            (Importance::Change, format!("{} RECEIVED for {department}: {}", id.short(), quote(&request.text)))
        }
        Event::Instruction(id, event) => {
            let (importance, text) = instruction_line(event);
            (importance, format!("{} {text}", id.short()))
        }
        Event::SilenceExcused => {
            (Importance::Detail, "time went by in which nobody could give a sign of life".to_owned())
        }
        Event::ClockAnchored(anchor) => {
            let pace = match anchor.speed {
                1 => "with wall time".to_owned(),
                speed => format!("at {speed} times wall time"),
            };
            (Importance::Change, format!("organisation time runs {pace}, and is {} now", anchor.org))
        }
        Event::Absent { role, absence } => (Importance::Trouble, format!("{role} is {}", quote(&absence.to_string()))),
        Event::Present { role } => (Importance::Change, format!("{role} is back")),
        Event::Broadcast { notice, recipients, .. } => (
            Importance::Change,
            format!(
                "broadcast to {} ({}): {}: {}",
                notice.channel,
                count(recipients.len(), "recipient"),
                notice.kind,
                quote(&notice.subject)
            ),
        ),
        Event::BroadcastsRead { role, ids } => {
            (Importance::Detail, format!("{role} has read {}", count(ids.len(), "broadcast")))
        }
        Event::StandupHeld { reports } => (Importance::Change, standup::line(reports)),
        Event::DigestSent { role, digest } => {
            let kinds: Vec<String> =
                digest.by_trouble.iter().map(|(kind, number)| format!("{number} {kind}")).collect();
            let oldest = digest.oldest.map(|(task, at)| format!("; the oldest, {}, since {at}", task.short()));
            (
                Importance::Trouble,
                format!(
                    "digest for {role}: {} open: {}{}",
                    count(digest.open, "escalation"),
                    kinds.join(", "),
                    oldest.unwrap_or_default()
                ),
            )
        }
        Event::CapacityNoted { domain, band, percent } => {
            let importance = if *band >= Band::Warning { Importance::Trouble } else { Importance::Change };
            (importance, format!("{domain} is at {percent} % of its capacity: {band}"))
        }
        Event::Task(id, event) => {
            let task = find(*id, state, archived);
            let (importance, text) = task_line(event, task, entry);
            let name = task.map_or_else(|| id.short(), |task| format!("{} ({})", task.key, id.short()));
            (importance, format!("{name} {text}"))
        }
    };
    Line { importance, text }
}

/// The instruction that an entry is about.
#[must_use]
pub fn instruction_of(entry: &Entry, state: &State, archived: &[Archived]) -> Option<InstructionId> {
    match &entry.event {
        Event::Received { id, .. } | Event::Instruction(id, _) => Some(*id),
        Event::Task(id, _) => find(*id, state, archived).map(|task| task.instruction),
        Event::ChartApplied(_)
        | Event::Started { .. }
        | Event::ClockAnchored(_)
        | Event::SilenceExcused
        | Event::Absent { .. }
        | Event::Present { .. }
        | Event::Broadcast { .. }
        | Event::BroadcastsRead { .. }
        | Event::StandupHeld { .. }
        | Event::DigestSent { .. }
        | Event::CapacityNoted { .. } => None,
    }
}

fn find<'a>(id: TaskId, state: &'a State, archived: &'a [Archived]) -> Option<&'a Task> {
    state.tasks.get(&id).or_else(|| archived.iter().flat_map(|gone| &gone.tasks).find(|task| task.id == id))
}

/// A piece of somebody else's text: one line, not too long, without anything that would move a cursor.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Neither what moves a cursor nor what turns the direction of the text around.
    line.retain(|c| {
        !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    if line.chars().count() > QUOTE_LIMIT {
        line = line.chars().take(QUOTE_LIMIT - 1).collect();
        line.push('…');
    }
    line
}

/// A number of things: `1 task`, `3 tasks`.
#[must_use]
pub fn count<N: Display + PartialEq + From<u8>>(number: N, thing: &str) -> String {
    if number == N::from(1) { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

fn instruction_line(event: &InstructionEvent) -> (Importance, String) {
    match event {
        InstructionEvent::Triaged(triage) => {
            (Importance::Change, format!("TRIAGED as {} of tier {}", triage.work_type, triage.tier))
        }
        InstructionEvent::Rejected { reason } => (Importance::Trouble, format!("REJECTED: {}", quote(reason))),
        InstructionEvent::NeedsBrief { missing } => {
            let fields: Vec<&str> = missing.iter().map(BriefField::as_str).collect();
            (Importance::Trouble, format!("NEEDS_BRIEF: it does not say {}", fields.join(", ")))
        }
        InstructionEvent::BriefFilled { fields } => {
            let fields: Vec<&str> = fields.keys().map(BriefField::as_str).collect();
            (Importance::Change, format!("TRIAGED: its brief says {} now", fields.join(", ")))
        }
        InstructionEvent::Planned { plan } => {
            let names: Vec<&str> = match plan.parts.as_slice() {
                [] => plan.tasks.iter().map(|task| task.key.as_str()).collect(),
                parts => parts.iter().map(|part| part.key.as_str()).collect(),
            };
            let what = if plan.parts.is_empty() { "task" } else { "part" };
            let line = format!("PLANNED by {} as {}: {}", plan.source, count(names.len(), what), names.join(", "));
            (Importance::Change, line)
        }
        InstructionEvent::PlanRefused { reason } => {
            (Importance::Trouble, format!("the plan made for it is no good: {}", quote(reason)))
        }
        InstructionEvent::ConsultationAnswered { text, .. } => {
            (Importance::Change, format!("asked about its plan: {}", quote(text)))
        }
        InstructionEvent::ConsultationLapsed { .. } => {
            (Importance::Trouble, "nobody answered a question about its plan in time".to_owned())
        }
        InstructionEvent::ApprovalAsked { reasons } => {
            (Importance::Trouble, format!("AWAITING_APPROVAL by a person: {}", quote(&reasons.join("; "))))
        }
        InstructionEvent::Queued { .. } => (Importance::Change, "QUEUED: the plan is approved".to_owned()),
        InstructionEvent::Held(hold) => (Importance::Change, format!("waits: {}", quote(&hold.reason))),
        InstructionEvent::Arbitrated { first: true, reason } => {
            (Importance::Trouble, format!("goes first: {}", quote(reason)))
        }
        InstructionEvent::Arbitrated { first: false, reason } => {
            (Importance::Change, format!("waits its turn: {}", quote(reason)))
        }
        InstructionEvent::DependencyWaived { on, reason } => {
            (Importance::Change, format!("goes on without {}: {}", on.short(), quote(reason)))
        }
        InstructionEvent::Executing { .. } => (Importance::Change, "EXECUTING".to_owned()),
        InstructionEvent::Amended { tasks, reason } => {
            (Importance::Change, format!("EXECUTING again, {} added: {}", count(tasks.len(), "task"), quote(reason)))
        }
        InstructionEvent::Slipped { percent, .. } => {
            (Importance::Trouble, format!("takes {percent} % longer than expected"))
        }
        InstructionEvent::Rebaselined { decision, .. } => {
            (Importance::Change, format!("about its delay: {}", quote(decision)))
        }
        InstructionEvent::DeadlinePassed => (Importance::Trouble, "its deadline has passed".to_owned()),
        InstructionEvent::GoNoGoReached => (Importance::Change, "GO_NO_GO: every task is over".to_owned()),
        InstructionEvent::NoGo { facts } => {
            (Importance::Trouble, format!("NO-GO, a person decides: {}", quote(&facts.join("; "))))
        }
        InstructionEvent::Completed { facts } => {
            (Importance::Change, format!("COMPLETED: {}", quote(&facts.join("; "))))
        }
        InstructionEvent::Cancelled { reason } => (Importance::Trouble, format!("CANCELLED: {}", quote(reason))),
        InstructionEvent::Paused { reason, .. } => (Importance::Trouble, format!("paused: {}", quote(reason))),
        InstructionEvent::Resumed => (Importance::Change, "resumed".to_owned()),
        InstructionEvent::Reminded { role } => {
            (Importance::Trouble, format!("{role} is reminded: it waits for their decision"))
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each event, each a line: the words of the log in one place")]
fn task_line(event: &TaskEvent, task: Option<&Task>, entry: &Entry) -> (Importance, String) {
    let who = &entry.principal;
    let (change, trouble, detail) = (Importance::Change, Importance::Trouble, Importance::Detail);
    match event {
        TaskEvent::PlanningBegun => (change, "IN_PLANNING: its lead breaks it down".to_owned()),
        TaskEvent::BrokenDown { children } => {
            (change, format!("ASSIGNED: broken down into {}", count(children.len(), "task")))
        }
        TaskEvent::Proposed { children } => {
            (change, format!("its breakdown into {} crosses domains", count(children.len(), "task")))
        }
        TaskEvent::ProposalRefused { reason } => (trouble, format!("its breakdown was sent back: {}", quote(reason))),
        TaskEvent::Stopped => (change, "stops for a go-ahead before it begins".to_owned()),
        TaskEvent::GoAheadAsked { reason } => (trouble, format!("a person gives the go-ahead: {}", quote(reason))),
        TaskEvent::WentAhead { reason } => (change, format!("went ahead: {}", quote(reason))),
        TaskEvent::Assigned { to, explanation } => {
            let score = explanation.candidates.first().map(|best| format!(" (score {:.2})", best.score));
            let because = explanation.because.as_ref().map(|because| format!(": {}", quote(because)));
            (change, format!("ASSIGNED to {to}{}{}", score.unwrap_or_default(), because.unwrap_or_default()))
        }
        TaskEvent::Unassigned { reason } => (trouble, format!("PENDING again: {}", quote(reason))),
        TaskEvent::Reassigned { to, reason } => (trouble, format!("ASSIGNED to {to} instead: {}", quote(reason))),
        TaskEvent::AttemptStarted { epoch, .. } => (change, format!("IN_PROGRESS: attempt {epoch} by {who}")),
        TaskEvent::ChildrenStarted => (change, "IN_PROGRESS: its first child started".to_owned()),
        TaskEvent::Heartbeat { progress: Some((percent, note)), .. } => {
            let percent = percent.map(|percent| format!("{percent} % ")).unwrap_or_default();
            (change, format!("{percent}{}", quote(note)))
        }
        TaskEvent::Heartbeat { progress: None, .. } => (detail, "is alive".to_owned()),
        TaskEvent::HandedIn { submission, reviewer, .. } => {
            let summary = quote(&submission.summary);
            let label = if submission.simulated { " [simulated]" } else { "" };
            match reviewer {
                Some(reviewer) => (change, format!("UNDER_REVIEW by {reviewer}: {summary}{label}")),
                None => (change, format!("COMPLETED: {summary}{label}")),
            }
        }
        TaskEvent::AttemptFailed { epoch, failure, retry_not_before, .. } => {
            let next = match (retry_not_before, failure.class) {
                (None, _) => "",
                (Some(_), FailureClass::Lost { restarted: true }) => ", starts again",
                (Some(_), FailureClass::Quota { .. }) => ", tried again when the quota is reset",
                (Some(_), FailureClass::Transient | FailureClass::Permanent | FailureClass::Lost { .. }) => {
                    ", tried again"
                }
            };
            (trouble, format!("attempt {epoch} failed ({}{next}): {}", failure.class, quote(&failure.message)))
        }
        TaskEvent::Blocked { blocker } => (
            trouble,
            format!(
                "BLOCKED ({}): {}; needs {}",
                quote(&blocker.kind.to_string()),
                quote(&blocker.description),
                quote(&blocker.needs)
            ),
        ),
        TaskEvent::Escalated { level, reason, .. } => {
            // Who holds it, and whom it passed over, is said with the record.
            (detail, format!("ESCALATED to the {level} by {who}: {}", quote(reason)))
        }
        TaskEvent::Resolved { resolution, next } => {
            let state = match next {
                AfterBlock::Resume => "IN_PROGRESS again".to_owned(),
                AfterBlock::Assign(ic) => format!("ASSIGNED to {ic}"),
                AfterBlock::Release => "PENDING again".to_owned(),
            };
            (change, format!("{state}: {}", quote(resolution)))
        }
        TaskEvent::ReviewerAssigned { reviewer } => (change, format!("is reviewed by {reviewer} now")),
        TaskEvent::PeerApproved { basis, gate, reviewer, .. } => {
            (change, format!("DOMAIN_REVIEW ({gate} gate, {reviewer}): {who} approved, {}", quote(&basis.to_string())))
        }
        TaskEvent::ReviewBegun { gate, reviewer, .. } => {
            (change, format!("DOMAIN_REVIEW ({gate} gate, {reviewer}): every child is over"))
        }
        TaskEvent::GateEntered { gate, reviewer } => (change, format!("DOMAIN_REVIEW ({gate} gate, {reviewer})")),
        TaskEvent::GatePassed { gate, basis } => {
            (change, format!("passed the {gate} gate: {who} approved, {}", quote(&basis.to_string())))
        }
        TaskEvent::GateSkipped { gate, reason } => (trouble, format!("skipped the {gate} gate: {}", quote(reason))),
        TaskEvent::ChangesRequested { findings, .. } => {
            let first = findings.first().map(|finding| quote(&finding.text)).unwrap_or_default();
            (trouble, format!("IN_PROGRESS again: {who} wants {}, first: {first}", count(findings.len(), "change")))
        }
        TaskEvent::RoundsSpent { .. } => (trouble, format!("{who} wants changes once more than the rounds allow")),
        TaskEvent::HandoffOpened => (change, "READY_FOR_HANDOFF".to_owned()),
        TaskEvent::HandoffAccepted { receiver, basis } => {
            (change, format!("handoff accepted by {receiver}: {}", quote(&basis.to_string())))
        }
        TaskEvent::HandoffRejected { receiver, items, .. } => {
            let first = items.first().map(|item| quote(&item.text)).unwrap_or_default();
            (trouble, format!("IN_PROGRESS again: {receiver} sends the package back, first: {first}"))
        }
        TaskEvent::Completed => (change, "COMPLETED".to_owned()),
        TaskEvent::Cancelled { reason } => (trouble, format!("CANCELLED by {who}: {}", quote(reason))),
        TaskEvent::QuestionAsked { id, question } => {
            (trouble, format!("asks the {} ({}): {}", question.to, id.short(), quote(&question.text)))
        }
        TaskEvent::QuestionAnswered { text, .. } => (change, format!("is answered by {who}: {}", quote(text))),
        TaskEvent::TimeGranted { span, reason } => {
            (change, format!("gets {} more from {who}: {}", escalation::span(*span), quote(reason)))
        }
        TaskEvent::PriorityChanged { priority } => (change, format!("has {priority} priority now")),
        TaskEvent::ScopeChanged { reason, .. } => (change, format!("has another scope now: {}", quote(reason))),
        TaskEvent::EscalationRaised { .. }
        | TaskEvent::EscalationClimbed { .. }
        | TaskEvent::EscalationTold { .. }
        | TaskEvent::EscalationReminded { .. }
        | TaskEvent::EscalationAcknowledged { .. }
        | TaskEvent::EscalationDecided { .. }
        | TaskEvent::EscalationClosed { .. }
        | TaskEvent::ClockFired { .. }
        | TaskEvent::Stalled { .. }
        | TaskEvent::Reminded { .. }
        | TaskEvent::WaitsForCapacity { .. }
        | TaskEvent::ForecastPassed
        | TaskEvent::DelegationAcknowledged
        | TaskEvent::DelegationSentAgain
        | TaskEvent::QuestionClimbed { .. }
        | TaskEvent::QuestionReminded { .. }
        | TaskEvent::ItemsVerified { .. } => {
            escalation::line(event, task, &who.to_string()).unwrap_or_else(|| (detail, String::new()))
        }
        TaskEvent::CancelledDecided { of, decision } => {
            let name = of.short();
            let what = match decision {
                CancelledDecision::Waive => format!("goes on without {name}"),
                CancelledDecision::Replace(with) => format!("uses {} in the place of {name}", with.short()),
                CancelledDecision::Cancel => format!("cannot go on without {name}"),
            };
            (change, format!("{what}, decides {who}"))
        }
    }
}
