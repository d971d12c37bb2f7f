//! Decisions about the organisation as a whole: a daemon that starts, who is there, messages to channels, standups.

use std::collections::BTreeSet;

use super::Context;
use crate::domain::capacity::Band;
use crate::domain::event::Event;
use crate::domain::id::{BroadcastId, DomainId};
use crate::domain::presence::{Absence, AbsenceKind, Right};
use crate::domain::protocol::{Notice, recipients};
use crate::domain::rejection::Rejection;
use crate::domain::role::{Asker, Role};
use crate::domain::standup;
use crate::domain::time::Anchor;

type Decided = Result<Vec<Event>, Rejection>;

/// Longest line of a broadcast, in bytes: it is shown in everybody's inbox.
const LINE_LIMIT: usize = 1024;

/// Action items of a broadcast, at most: more is a plan.
const ITEMS_LIMIT: usize = 20;

pub(super) fn start(context: &Context<'_>, program: &str, anchor: Anchor) -> Decided {
    let mut events = vec![Event::Started { program: program.to_owned() }];
    if anchor != context.state.anchor {
        if anchor.org_at(context.at.wall) < context.state.last.org {
            return Err(Rejection::Invalid("organisation time would go backwards".to_owned()));
        }
        events.push(Event::ClockAnchored(anchor));
    }
    Ok(events)
}

pub(super) fn set_presence(context: &Context<'_>, role: &Role, absence: Option<&Absence>) -> Decided {
    let action = "say who is there";
    let refused = || Rejection::NotAllowed { who: context.principal.to_string(), action };
    if !context.state.has_place(role) || matches!(role, Role::Organisation | Role::Operator) {
        return Err(Rejection::Invalid(format!("there is no `{role}` in the chart that could be away")));
    }
    let is_system = context.principal.asker == Asker::System;
    let department = role.department();
    let is_own = context.state.speaks_for(context.principal, role);
    if !is_system && !is_own && !context.state.may(context.principal, Right::Decide, department.as_ref()) {
        return Err(refused());
    }
    match (absence, context.state.absence(role)) {
        // What has failed comes back with the next daemon, not because somebody says so.
        (None, Some(now)) if now.kind == AbsenceKind::Dead && !is_system => {
            Err(Rejection::Invalid(format!("{role} is {now}; it comes back when the daemon is started again")))
        }
        (Some(new), _) if new.kind == AbsenceKind::Dead && !is_system => Err(refused()),
        (Some(new), _) if new.reason.trim().is_empty() => {
            Err(Rejection::Invalid("a reason is needed: say why in a few words".to_owned()))
        }
        (Some(new), now) if now == Some(new) => Ok(Vec::new()),
        (Some(new), _) => Ok(vec![Event::Absent { role: role.clone(), absence: new.clone() }]),
        (None, Some(_)) => Ok(vec![Event::Present { role: role.clone() }]),
        (None, None) => Ok(Vec::new()),
    }
}

pub(super) fn broadcast(context: &Context<'_>, id: BroadcastId, notice: &Notice) -> Decided {
    let is_manager = matches!(
        &context.principal.asker,
        Asker::System
            | Asker::Role(Role::Organisation | Role::EngineeringManager(_) | Role::TechLead(_) | Role::DomainLead(_))
    );
    if !is_manager && !context.state.may(context.principal, Right::Decide, None) {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: "broadcast" });
    }
    if context.state.broadcasts.contains_key(&id) {
        return Err(Rejection::Exists(id.to_string()));
    }
    if notice.subject.trim().is_empty() {
        return Err(Rejection::Invalid("the broadcast says nothing: give it a subject".to_owned()));
    }
    let lines = [&notice.subject, &notice.impact].into_iter().chain(&notice.action_items);
    if lines.clone().any(|line| line.len() > LINE_LIMIT) || notice.action_items.len() > ITEMS_LIMIT {
        return Err(Rejection::Invalid(format!(
            "a broadcast has lines of up to {LINE_LIMIT} bytes and up to {ITEMS_LIMIT} action items"
        )));
    }
    let recipients = recipients(context.state, &notice.channel).map_err(Rejection::Invalid)?;
    Ok(vec![Event::Broadcast { id, notice: notice.clone(), recipients }])
}

pub(super) fn read(context: &Context<'_>, role: &Role, ids: &[BroadcastId]) -> Decided {
    if !context.state.speaks_for(context.principal, role) {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: "mark as read" });
    }
    let unread = |id: &&BroadcastId| {
        context.state.broadcasts.get(id).is_some_and(|sent| matches!(sent.recipients.get(role), Some(None)))
    };
    let ids: BTreeSet<BroadcastId> = ids.iter().filter(unread).copied().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::BroadcastsRead { role: role.clone(), ids: ids.into_iter().collect() }])
}

pub(super) fn hold_standup(context: &Context<'_>) -> Decided {
    if context.principal.asker != Asker::System && !context.state.may(context.principal, Right::Submit, None) {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: "hold a standup" });
    }
    Ok(vec![Event::StandupHeld { reports: standup::at_the_top(context.state, context.at) }])
}

/// The lead of a domain says how full it is, where that has changed.
pub(super) fn note_capacity(
    context: &Context<'_>,
    domain: &DomainId,
    band: Band,
    percent: u32,
) -> Result<Vec<Event>, Rejection> {
    if !context.principal.is(&Role::DomainLead(domain.clone())) {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: "say how full a domain is" });
    }
    if context.state.bands.get(domain).copied().unwrap_or_default() == band {
        return Ok(Vec::new());
    }
    Ok(vec![Event::CapacityNoted { domain: domain.clone(), band, percent }])
}
