//! Decisions about questions.

use super::{Context, May, attempt, in_state};
use crate::domain::command::{AfterBlock, TaskAction};
use crate::domain::event::TaskEvent;
use crate::domain::id::{Epoch, QuestionId};
use crate::domain::rejection::Rejection;
use crate::domain::role::{Asker, Level, Role};
use crate::domain::state::State;
use crate::domain::task::{Assignee, Blocker, BlockerKind, Question, StateName, Task};
use crate::domain::time::Millis;

type Decided = Result<Vec<TaskEvent>, Rejection>;

/// A question as it comes in.
pub(super) struct Asked<'a> {
    pub(super) id: QuestionId,
    pub(super) epoch: Option<Epoch>,
    pub(super) to: Level,
    pub(super) text: &'a str,
    pub(super) attempt_waits: bool,
}

pub(super) fn ask(context: &Context<'_>, task: &Task, action: &TaskAction, asked: Asked<'_>) -> Decided {
    in_state(task, action, &[StateName::InProgress, StateName::UnderReview, StateName::DomainReview])?;
    let from = match &context.principal.asker {
        Asker::Role(role) => role.clone(),
        Asker::System | Asker::Client { .. } => Role::Operator,
    };
    if task.state.name() == StateName::InProgress {
        context.allow(task, action.name(), &[May::Assignee])?;
        let Some(epoch) = asked.epoch else {
            return Err(Rejection::Invalid("the attempt that asks must name its epoch".to_owned()));
        };
        attempt::current(task, action, epoch)?;
    } else {
        context.allow(task, action.name(), &[May::Reviewer])?;
    }
    if task.questions.contains_key(&asked.id) {
        return Err(Rejection::Exists(asked.id.to_string()));
    }
    super::not_too_long(&[asked.text])?;
    if asked.text.trim().is_empty() {
        return Err(Rejection::Invalid("the question is empty".to_owned()));
    }
    let due = context.at.org.plus(patience(context.state, asked.to));
    let question = Question { from, to: asked.to, text: asked.text.to_owned(), asked: context.at, due };
    let mut events = vec![TaskEvent::QuestionAsked { id: asked.id, question }];
    if task.state.name() == StateName::InProgress && !asked.attempt_waits {
        events.push(TaskEvent::Blocked {
            blocker: Blocker {
                kind: BlockerKind::Question(asked.id),
                description: asked.text.to_owned(),
                needs: "an answer".to_owned(),
                owner: asked.to,
            },
        });
    }
    Ok(events)
}

/// How long a question waits for its answer at a level.
pub(super) fn patience(state: &State, level: Level) -> Millis {
    match level {
        Level::DomainLead | Level::TechLead | Level::EngineeringManager => state.chart.sla.answer,
        Level::Person => state.chart.sla.remind,
    }
}

pub(super) fn answer(context: &Context<'_>, task: &Task, action: &TaskAction, id: QuestionId, text: &str) -> Decided {
    let Some(question) = task.questions.get(&id) else {
        let past = task.past_questions.iter().find(|(past, _)| *past == id);
        return Err(Rejection::QuestionNotOpen { question: id, end: past.map(|(_, end)| *end) });
    };
    let mut level = Some(question.to);
    let mut addressed = context.is_person_for(task);
    while let Some(current) = level {
        let place = context.state.place_at(current, task);
        addressed |= current != Level::Person && context.state.speaks_for(context.principal, &place);
        level = current.above();
    }
    if !addressed {
        return Err(Rejection::NotAllowed { who: context.principal.to_string(), action: action.name() });
    }
    super::not_too_long(&[text])?;
    if text.trim().is_empty() {
        return Err(Rejection::Invalid("the answer is empty".to_owned()));
    }
    let mut events = vec![TaskEvent::QuestionAnswered { id, text: text.to_owned() }];
    if task.state.blocker().is_some_and(|blocker| blocker.kind == BlockerKind::Question(id)) {
        let stays =
            task.state.assignee().and_then(Assignee::ic).is_some_and(|ic| context.state.chart.ics.contains_key(ic));
        let next = if stays && context.state.is_ready(task) { AfterBlock::Resume } else { AfterBlock::Release };
        events.push(TaskEvent::Resolved { resolution: format!("answered: {text}"), next });
    }
    Ok(events)
}
