//! What goes up the line: escalations and questions.

use super::fault::{Fault, expect};
use super::invariant::{ESCALATIONS, QUESTIONS};
use super::record::{Asked, Open, Record};
use crate::domain::event::TaskEvent;
use crate::domain::id::{EscalationId, QuestionId};
use crate::domain::role::Level;

/// A trouble is raised once while it is open, climbs each level once, and has one turn a level.
pub(super) fn check(record: &Record, event: &TaskEvent) -> Result<(), Fault> {
    match event {
        TaskEvent::EscalationRaised { id, trouble, .. } => {
            let again = record.escalations.iter().find(|open| open.id == *id || open.trouble == *trouble);
            expect(again.is_none(), ESCALATIONS, || {
                format!("{id} is raised ({trouble}) while {} is open", again.map(|open| open.id).unwrap_or(*id))
            })
        }
        TaskEvent::EscalationClimbed { id, to, .. } => {
            let before = open(record, *id, "climbs")?.level;
            // Among people, another one takes it.
            let is_higher = to.level > before || (before == Level::Person && to.level == Level::Person);
            expect(is_higher, ESCALATIONS, || format!("{id} climbs from the {before} to the {}", to.level))
        }
        TaskEvent::EscalationTold { id, .. } => {
            let told = open(record, *id, "is told")?;
            let is_once = !told.is_told && !told.is_acknowledged;
            expect(is_once, ESCALATIONS, || {
                format!("{id} is told to the next level again, or though it was acknowledged")
            })
        }
        TaskEvent::EscalationReminded { id } => {
            let level = open(record, *id, "is reminded of")?.level;
            expect(level == Level::Person, ESCALATIONS, || {
                format!("the {level} is reminded of {id} in place of a person")
            })
        }
        TaskEvent::EscalationAcknowledged { id } => {
            let before = open(record, *id, "is acknowledged")?.is_acknowledged;
            expect(!before, ESCALATIONS, || format!("{id} is acknowledged twice"))
        }
        TaskEvent::EscalationDecided { id, .. } => {
            let before = open(record, *id, "is decided")?.is_decided;
            expect(!before, ESCALATIONS, || format!("{id} is decided twice at a level"))
        }
        TaskEvent::EscalationClosed { id, .. } => open(record, *id, "is closed").map(drop),
        TaskEvent::QuestionAsked { id, .. } => {
            let is_new = !record.questions.iter().any(|asked| asked.id == *id);
            expect(is_new, QUESTIONS, || format!("{id} is asked again while it is open"))
        }
        TaskEvent::QuestionAnswered { id, .. } => asked(record, *id, "is answered").map(drop),
        TaskEvent::QuestionReminded { id } => asked(record, *id, "is reminded of").map(drop),
        TaskEvent::QuestionClimbed { id, to, .. } => {
            let before = asked(record, *id, "climbs")?.to;
            expect(*to > before, QUESTIONS, || format!("{id} climbs from the {before} to the {to}"))
        }
        _others => Ok(()),
    }
}

fn open<'a>(record: &'a Record, id: EscalationId, what: &str) -> Result<&'a Open, Fault> {
    record.escalation(id).ok_or_else(|| (ESCALATIONS, format!("{id} {what} and is not open")))
}

fn asked<'a>(record: &'a Record, id: QuestionId, what: &str) -> Result<&'a Asked, Fault> {
    let found = record.questions.iter().find(|asked| asked.id == id);
    found.ok_or_else(|| (QUESTIONS, format!("{id} {what} and is not open")))
}
