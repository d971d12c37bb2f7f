//! Broadcasts, standups and handoffs, asked for by a client.

use std::sync::Arc;

use super::commit;
use crate::actors::office::Office;
use crate::api::query::standup;
use crate::api::resolve;
use crate::api::view::StandupView;
use crate::api::wire::{Broadcast, Code, Judged, Refusal, Sent, Verdict};
use crate::domain::command::{Action, TaskAction};
use crate::domain::event::Event;
use crate::domain::handoff::{Package, checklist, package, rework_children};
use crate::domain::id::DomainId;
use crate::domain::policy::Ids;
use crate::domain::protocol::Notice;
use crate::domain::review::Basis;
use crate::domain::role::{Principal, Role};
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::domain::work::Finding;

pub(super) async fn broadcast(office: &Arc<Office>, principal: &Principal, asked: Broadcast) -> Result<Sent, Refusal> {
    in_single_lines(&asked)?;
    let text = asked.channel;
    let channel = office.ledger.read(move |state| resolve::channel(state, &text)).await??;
    let id = office.ids.broadcast();
    let shown = channel.to_string();
    let (kind, subject, impact) = (asked.kind, asked.subject, asked.impact);
    let notice = Notice { channel, kind, subject, impact, action_items: asked.action_items };
    let entries = commit(office, principal, Action::Broadcast { id, notice }).await?;
    let reached = entries.iter().find_map(|entry| match &entry.event {
        Event::Broadcast { recipients, .. } => Some(recipients.len()),
        _another => None,
    });
    Ok(Sent { id: id.to_string(), channel: shown, recipients: reached.unwrap_or(0) })
}

/// Everybody gets it in one line each: in inboxes, in the log, and in what workers are told.
fn in_single_lines(asked: &Broadcast) -> Result<(), Refusal> {
    let texts = [("subject", &asked.subject), ("impact", &asked.impact)].into_iter();
    let mut texts = texts.chain(asked.action_items.iter().map(|item| ("action item", item)));
    match texts.find(|(_, text)| text.chars().any(char::is_control)) {
        None => Ok(()),
        Some((what, _)) => {
            let message =
                format!("the {what} of the broadcast has an end of line or a control character; say it in one line");
            Err(Refusal::new(Code::Rejected, message))
        }
    }
}

pub(super) async fn hold_standup(office: &Arc<Office>, principal: &Principal) -> Result<StandupView, Refusal> {
    // What everybody reports is looked at before it is recorded: holding a standup begins the count of what is done anew.
    let at = office.ledger.clock().now();
    let view = office.ledger.read(move |state| standup::of_all(state, at.max(state.last))).await??;
    commit(office, principal, Action::HoldStandup).await?;
    Ok(view)
}

/// Accepts a package, items of it, or sends it back.
pub(super) async fn judge(office: &Arc<Office>, principal: &Principal, verdict: Verdict) -> Result<Judged, Refusal> {
    let mut ids = office.ids.clone();
    let asker = principal.clone();
    let (id, key, receiver, action) = office
        .ledger
        .read(move |state| {
            let task = state.task(resolve::task(state, &verdict.task)?)?;
            let (receiver, action) = action(state, task, &verdict, &mut ids)?;
            Ok::<_, Refusal>((task.id, task.key.to_string(), receiver, action))
        })
        .await??;
    let is_rejected = matches!(action, TaskAction::RejectHandoff { .. });
    if let Err(refusal) = commit(office, principal, Action::Task(id, action)).await {
        return Err(explained(refusal, &asker, &receiver));
    }
    office
        .ledger
        .read_ledger(move |ledger| {
            let state = ledger.state();
            // The last acceptance may have ended the task and its instruction with it.
            let found = state.tasks.get(&id);
            let left = found.and_then(|task| package(state, task));
            let waits_for = |package: &Package| {
                let waiting = package.receivers.iter().filter(|one| !one.accepted);
                waiting.map(|one| one.domain.to_string()).collect::<Vec<_>>()
            };
            let missing = left.as_ref().map(|package| missing(package, &receiver)).unwrap_or_default();
            let archived = || state.finished_tasks.get(&id).map(|stub| stub.state);
            let now = found.map(|task| task.state.name()).or_else(archived);
            Judged {
                task: id.to_string(),
                key,
                receiver: receiver.to_string(),
                outcome: match (is_rejected, missing.is_empty()) {
                    (true, _) => "rejected",
                    (false, true) => "accepted",
                    (false, false) => "verified",
                }
                .to_owned(),
                missing: if is_rejected { Vec::new() } else { missing },
                waits_for: left.as_ref().map(waits_for).unwrap_or_default(),
                state: now.map(|name| name.to_string()).unwrap_or_default(),
            }
        })
        .await
        .map_err(Refusal::from)
}

/// Numbers of the items that a receiver has not verified, from 1; none once they have accepted.
fn missing(package: &Package, receiver: &DomainId) -> Vec<u32> {
    let waiting = package.receivers.iter().find(|one| one.domain == *receiver && !one.accepted);
    let Some(waiting) = waiting else {
        return Vec::new();
    };
    let places = (0..package.items.len()).filter_map(|place| u16::try_from(place).ok());
    places.filter(|place| !waiting.verified.contains(place)).map(|place| u32::from(place).saturating_add(1)).collect()
}

/// What a verdict asks of the ledger, and for which receiver.
fn action(state: &State, task: &Task, verdict: &Verdict, ids: &mut dyn Ids) -> Result<(DomainId, TaskAction), Refusal> {
    let refuse = |message: String| Refusal::new(Code::Rejected, message);
    let Some(package) = package(state, task) else {
        return Err(refuse(format!(
            "{} is {}: only a task that is READY_FOR_HANDOFF can be accepted or sent back",
            task.key,
            task.state.name()
        )));
    };
    let receiver = receiver(state, &package, verdict.receiver.as_deref())?;
    let count = package.items.len();
    let mut places = Vec::new();
    for number in &verdict.items {
        let place = number.checked_sub(1).and_then(|place| u16::try_from(place).ok());
        let place = place.filter(|place| usize::from(*place) < count).ok_or_else(|| {
            refuse(format!(
                "the checklist has items 1 to {count}, and no item {number}; `echelon handoff show {}` shows it",
                task.key
            ))
        })?;
        places.push(place);
    }
    let version = package.version;
    let Some(reason) = &verdict.rejected else {
        let items = if places.is_empty() { None } else { Some(places) };
        let accept = TaskAction::AcceptHandoff { receiver: receiver.clone(), version, basis: Basis::Person, items };
        return Ok((receiver, accept));
    };
    let items = findings(task, &places, reason);
    let children = rework_children(state, task, &items, || ids.task());
    let escalation = ids.escalation();
    let reject = TaskAction::RejectHandoff { receiver: receiver.clone(), version, items, children, escalation };
    Ok((receiver, reject))
}

/// What fails: each item by its number and words, with the reason; the reason alone where no item is named.
fn findings(task: &Task, places: &[u16], reason: &str) -> Vec<Finding> {
    if places.is_empty() {
        return vec![Finding { text: reason.to_owned(), location: None }];
    }
    let list = checklist(task);
    places
        .iter()
        .filter_map(|place| {
            let place = usize::from(*place);
            let file = place.checked_sub(task.work.criteria.len()).and_then(|place| task.work.deliverables.get(place));
            Some(Finding {
                text: format!("item {} ({}): {reason}", place.saturating_add(1), list.get(place)?),
                location: file.map(|file| file.path.clone()),
            })
        })
        .collect()
}

/// The receiver that is meant: the one that is named, or the only one that has not accepted.
fn receiver(state: &State, package: &Package, named: Option<&str>) -> Result<DomainId, Refusal> {
    if let Some(named) = named {
        return resolve::domain(state, named);
    }
    let waiting: Vec<&DomainId> = package.receivers.iter().filter(|one| !one.accepted).map(|one| &one.domain).collect();
    match waiting.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(Refusal::new(Code::Rejected, format!("nobody waits for {} any more", package.key))),
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            let message =
                format!("several domains wait for {}; say for which with --for: {}", package.key, names.join(", "));
            Err(Refusal::new(Code::Ambiguous, message))
        }
    }
}

/// A refusal of somebody who may not, with who may.
fn explained(refusal: Refusal, asker: &Principal, receiver: &DomainId) -> Refusal {
    if refusal.code != Code::NotAllowed {
        return refusal;
    }
    let lead = Role::DomainLead(receiver.clone());
    Refusal::new(
        Code::NotAllowed,
        format!(
            "{asker} may not decide for {lead}: the lead decides by itself. A manager may in its place while it is away, \
             where the chart gives it `review = \"person\"`, or once an escalation of the task is with a person"
        ),
    )
}
