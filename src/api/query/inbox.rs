//! What waits for somebody, with what they need to know and the commands that deal with it.

use super::Look;
use super::commands::{commands, escalation_of, ways};
use crate::actors::brief::workspace_of;
use crate::api::view::{InboxGroup, InboxItem, InboxView, StoryView, TurnView, UnreadView};
use crate::domain::alarm;
use crate::domain::id::{BriefField, BroadcastId, EscalationId};
use crate::domain::instruction::{Instruction, State as InstructionState};
use crate::domain::reaction::Duty;
use crate::domain::role::Role;
use crate::domain::sla::Mark;
use crate::domain::task::{Escalation, Task};
use crate::domain::time::{OrgTime, Stamp};

impl Look<'_> {
    pub(super) fn inbox(&self, role: &Role) -> InboxView {
        let mut groups = vec![self.inbox_of(role)];
        if *role == Role::Operator {
            let people = self.state.chart.people.keys().cloned().map(Role::Person);
            let others = people.map(|person| self.inbox_of(&person));
            groups.extend(others.filter(|group| !group.items.is_empty()));
        }
        InboxView { role: role.to_string(), running: self.running, now: self.now.wall.to_string(), groups }
    }

    fn inbox_of(&self, role: &Role) -> InboxGroup {
        let mut owed: Vec<Duty> = self.state.owed_by(role).collect();
        owed.sort_by_key(|duty| {
            let priority = duty.task().and_then(|id| self.state.tasks.get(&id)).map(|task| task.priority);
            (std::cmp::Reverse(priority), *duty)
        });
        let unread = owed.iter().filter_map(|duty| match duty {
            Duty::Read(id) => self.unread(*id),
            _another => None,
        });
        InboxGroup {
            who: role.to_string(),
            name: match role {
                Role::Person(person) => self.state.chart.people.get(person).map(|found| found.name.clone()),
                _another => None,
            },
            absent: self.state.absence(role).map(ToString::to_string),
            broadcasts: unread.collect(),
            items: owed.iter().filter_map(|duty| self.item(role, *duty)).collect(),
        }
    }

    fn unread(&self, id: BroadcastId) -> Option<UnreadView> {
        let sent = self.state.broadcasts.get(&id)?;
        Some(UnreadView {
            id: id.to_string(),
            at: sent.at.wall.to_string(),
            from: sent.from.to_string(),
            channel: sent.notice.channel.to_string(),
            kind: sent.notice.kind.to_string(),
            subject: sent.notice.subject.clone(),
            impact: sent.notice.impact.clone(),
            action_items: sent.notice.action_items.clone(),
        })
    }

    /// What is owed; broadcasts are listed apart.
    fn item(&self, role: &Role, duty: Duty) -> Option<InboxItem> {
        let found = self.instruction_of(duty).and_then(|id| self.state.instructions.get(&id))?;
        match duty.task().and_then(|id| self.state.tasks.get(&id)) {
            Some(task) => Some(self.task_item(role, duty, task, found)),
            None => Some(self.instruction_item(role, duty, found)),
        }
    }

    fn instruction_item(&self, role: &Role, duty: Duty, found: &Instruction) -> InboxItem {
        let asked = match duty {
            Duty::Consult(_, question) => found.consultations.iter().find(|one| one.ask.id == question),
            _another => None,
        };
        let due = asked.map(|one| one.due).filter(|_| found.paused.is_none());
        InboxItem {
            id: asked.map_or_else(|| found.id.to_string(), |one| one.ask.id.to_string()),
            what: duty.to_string(),
            task: None,
            key: None,
            title: None,
            instruction: Some(found.id.to_string()),
            text: Some(found.request.text.clone()),
            state: found.state.name().to_string(),
            priority: found.request.priority.to_string(),
            since: found.entered.wall.to_string(),
            waiting_seconds: self.waited(found.entered),
            due: due.map(|due| self.wall(due)),
            overdue_seconds: due.map(|due| alarm::overdue(self.now.org, due).0 / 1000).filter(|over| *over > 0),
            stands_still: found.paused.as_ref().map(|_| "its instruction is paused".to_owned()),
            detail: self.about_instruction(duty, found),
            story: None,
            options: Vec::new(),
            commands: commands(self.state, role, duty),
        }
    }

    /// What there is to know for whoever decides about an instruction.
    fn about_instruction(&self, duty: Duty, found: &Instruction) -> Vec<String> {
        let workflow = found.triage.as_ref().and_then(|one| self.state.chart.workflows.get(&one.work_type));
        let question = |field: &BriefField| {
            let asked = workflow.and_then(|workflow| workflow.brief.get(field)).map_or("", String::as_str);
            format!("{field}: {asked}")
        };
        match (&found.state, duty) {
            (InstructionState::NeedsBrief { missing }, _) => missing.iter().map(question).collect(),
            (InstructionState::AwaitingApproval { reasons }, _) => reasons.clone(),
            (InstructionState::Planned, Duty::Consult(_, id)) => {
                let asked = found.consultations.iter().filter(|one| one.ask.id == id);
                asked.map(|one| one.ask.question.clone()).collect()
            }
            (InstructionState::Queued, _) => found.held.iter().map(|hold| hold.reason.clone()).collect(),
            (InstructionState::GoNoGo { no_go }, _) => no_go.clone(),
            _nothing => Vec::new(),
        }
    }

    fn task_item(&self, role: &Role, duty: Duty, task: &Task, found: &Instruction) -> InboxItem {
        let held = escalation_of(task, duty);
        let question = match duty {
            Duty::Answer(_, id) => task.questions.get(&id).map(|question| (id, question)),
            _another => None,
        };
        let id = match (question, held) {
            (Some((id, _)), _) => id.to_string(),
            (None, Some((id, _))) => id.to_string(),
            (None, None) => task.id.to_string(),
        };
        let (since, due) = self.when(task, duty);
        let paused = alarm::pause(self.state, task).filter(|_| question.is_none() && held.is_none());
        let due = due.filter(|due| *due < alarm::NEVER && paused.is_none());
        InboxItem {
            id,
            what: duty.to_string(),
            task: Some(task.id.to_string()),
            key: Some(task.key.to_string()),
            title: Some(task.work.title.clone()),
            instruction: Some(found.id.to_string()),
            text: Some(found.request.text.clone()),
            state: task.state.name().to_string(),
            priority: task.priority.to_string(),
            since: since.wall.to_string(),
            waiting_seconds: self.waited(since),
            due: due.map(|due| self.wall(due)),
            overdue_seconds: due.map(|due| alarm::overdue(self.now.org, due).0 / 1000).filter(|over| *over > 0),
            stands_still: paused.map(|pause| pause.to_string()),
            detail: self.detail_of(role, duty, task),
            story: held.map(|(id, record)| story(id, record)),
            options: held.map(|(id, record)| ways(self.state, task, id, record)).unwrap_or_default(),
            commands: commands(self.state, role, duty),
        }
    }

    /// Seconds of organisation time since something happened.
    fn waited(&self, since: Stamp) -> i64 {
        self.now.org.since(since.org).0 / 1000
    }

    /// Since when something waits, and when it should be done.
    fn when(&self, task: &Task, duty: Duty) -> (Stamp, Option<OrgTime>) {
        if let Some((_, record)) = escalation_of(task, duty) {
            return (record.since, Some(record.due));
        }
        let state_clock = || (task.entered, alarm::due(self.state, task, Mark::Target));
        match duty {
            Duty::Answer(_, id) => {
                task.questions.get(&id).map_or_else(state_clock, |question| (question.asked, Some(question.due)))
            }
            Duty::Acknowledge(_) => {
                task.delegation.as_ref().map_or_else(state_clock, |one| (one.at, Some(one.acknowledge_by)))
            }
            _the_state_itself => state_clock(),
        }
    }

    fn detail_of(&self, role: &Role, duty: Duty, task: &Task) -> Vec<String> {
        let mut lines = Vec::new();
        match duty {
            Duty::Answer(_, id) => {
                lines.extend(task.questions.get(&id).map(|one| format!("{} asks: {}", one.from, one.text)));
            }
            Duty::Review(_) | Duty::DecideGate(_) | Duty::ReceiveHandoff(_) => lines.extend(self.handed_in(task)),
            Duty::Start(_) | Duty::Attend(_) | Duty::Acknowledge(_) => {
                lines.push(format!("{} of work, {}", task.work.effort, task.work.complexity));
                lines.extend(task.findings.iter().map(|finding| match &finding.location {
                    Some(location) => format!("to change, {location}: {}", finding.text),
                    None => format!("to change: {}", finding.text),
                }));
                if matches!(duty, Duty::Attend(_)) {
                    lines.push(format!("work in {}", workspace_of(self.data_dir, task).work().display()));
                }
            }
            _another => {}
        }
        if let Some(blocker) = task.state.blocker() {
            lines.push(format!("{}: {}", blocker.kind, blocker.description));
            lines.push(format!("needs: {}", blocker.needs));
        }
        if matches!(duty, Duty::HoldEscalation(..)) {
            lines.extend(self.handed_in(task));
        }
        let author = task.state.assignee().map(|assignee| self.state.who_works_for(&assignee.role()));
        if matches!(duty, Duty::Review(_) | Duty::DecideGate(_)) && author.as_ref() == Some(role) {
            lines.push("it is their own work: somebody else who may decide has to".to_owned());
        }
        lines
    }

    /// What there is to judge.
    fn handed_in(&self, task: &Task) -> Vec<String> {
        let Some(handed) = &task.submission else {
            return Vec::new();
        };
        let submission = &handed.submission;
        let mut lines = vec![format!("{} handed in: {}", handed.author, submission.summary)];
        lines.extend(submission.evidence.iter().map(|text| format!("evidence: {text}")));
        let hold = submission.checks.iter().filter(|check| check.passed).count();
        lines.push(format!("{hold} of {} machine checks hold", submission.checks.len()));
        lines.extend(task.work.criteria.iter().map(|criterion| format!("asked for: {criterion}")));
        lines.push(format!("look in {}", workspace_of(self.data_dir, task).work().display()));
        lines
    }
}

fn story(id: EscalationId, record: &Escalation) -> StoryView {
    StoryView {
        escalation: id.to_string(),
        trouble: record.trouble.to_string(),
        state: record.state.to_string(),
        raised: record.raised.wall.to_string(),
        overdue_seconds: record.overdue.0 / 1000,
        turns: record
            .turns
            .iter()
            .map(|turn| TurnView {
                level: turn.level.to_string(),
                holder: turn.holder.to_string(),
                outcome: turn.outcome.clone(),
                skipped: turn.skipped,
            })
            .collect(),
        decision: record.decision.clone(),
    }
}
