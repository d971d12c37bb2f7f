//! What each level does about an escalation that it holds: one turn, with the means of the level.
//!
//! | level | means |
//! | --- | --- |
//! | domain lead | another IC, another peer, a fresh start of what is silent, the review itself, or leaving it be with a reason |
//! | tech lead | somebody from another domain, a milestone taken as one piece, the review or the handoff in the lead's place, more time once |
//! | engineering manager | assigning across domains, a higher priority, accepting the risk |
//! | person | whatever they like; see [`options`](super::options) |
//!
//! A means that moves the task ends the escalation. What does not move it is recorded as the level's decision; if the task
//! is still there when the level's time is over, it goes one level up.

use super::Turn;
use crate::domain::assignment::Choice;
use crate::domain::command::TaskAction;
use crate::domain::decide::another_peer;
use crate::domain::id::{EscalationId, IcId};
use crate::domain::review::TaskKind;
use crate::domain::role::{Level, Role};
use crate::domain::sla::limits;
use crate::domain::state::State;
use crate::domain::task::{Assignee, Attempt, Escalation, Failure, FailureClass, State as TaskState, Task, Trouble};
use crate::domain::time::Millis;
use crate::domain::work::Priority;

/// What came of a level's turn.
enum Done {
    /// The task moves on, or somebody works on that.
    Moved,
    /// It stays where it is, for this reason.
    Left(String),
}

impl Turn<'_> {
    /// Takes the turn of the role's level about an escalation.
    pub(super) fn hold(&mut self, task: &Task, id: EscalationId) {
        let Some(record) = task.escalations.get(&id) else {
            return;
        };
        if record.level == Level::Person {
            return;
        }
        if record.acknowledged.is_none() {
            self.commit(task.id, TaskAction::AcknowledgeEscalation { id });
        }
        if record.decision.is_some() {
            return;
        }
        let done = match record.trouble {
            Trouble::Rounds => return self.hold_rounds(task, record),
            Trouble::Handoff => return self.pass_up(task, record, "the receivers and the author do not agree"),
            // What is blocked is cleared through its state.
            Trouble::Blocked => return,
            Trouble::Stalled => self.hold_stalled(task),
            Trouble::Unacknowledged => self.hold_unacknowledged(task),
            Trouble::Late => self.hold_late(task, record),
        };
        if let Done::Left(decision) = done {
            self.commit(task.id, TaskAction::DecideEscalation { id, decision });
        }
    }

    /// A holder with a worker reviews in the place of those who do not come to an end; otherwise it goes up the line.
    fn hold_rounds(&mut self, task: &Task, record: &Escalation) {
        if !self.order_review(task) {
            self.pass_up(task, record, "it has no worker to judge by");
        }
    }

    fn pass_up(&mut self, task: &Task, record: &Escalation, reason: &str) {
        if let Some(level) = record.level.above() {
            let id = self.ids.escalation();
            let reason = reason.to_owned();
            self.commit(task.id, TaskAction::RaiseEscalation { id, trouble: record.trouble, level, reason });
        }
    }

    /// Silence: somebody else does it, or it is started again.
    fn hold_stalled(&mut self, task: &Task) -> Done {
        let is_worth_trying = task.retries < self.state.chart.policy.max_retries;
        if is_worth_trying && let Some(done) = self.give_to_another(task, "nothing is heard of the attempt") {
            return done;
        }
        let Some(epoch) = task.running_epoch() else {
            return Done::Left("the attempt has ended by itself".to_owned());
        };
        let failure = Failure {
            class: FailureClass::Lost { restarted: false },
            message: format!("{} gave it up: nothing was heard of it", self.role),
        };
        self.commit(task.id, TaskAction::FailAttempt { epoch, failure });
        Done::Moved
    }

    fn hold_unacknowledged(&mut self, task: &Task) -> Done {
        match self.give_to_another(task, "whoever had it did not say so") {
            Some(done) => done,
            None => Done::Left("nobody else is free: it stays where it is".to_owned()),
        }
    }

    fn hold_late(&mut self, task: &Task, record: &Escalation) -> Done {
        if task.escalation_for(Trouble::Rounds).is_some() || task.escalation_for(Trouble::Handoff).is_some() {
            return Done::Left("reviewers and author do not agree, and whoever holds that decides".to_owned());
        }
        if self.state.cancelled_child(task).is_some() {
            self.decide_cancelled(task);
            return Done::Moved;
        }
        match &task.state {
            TaskState::Pending => self.late_pending(task, record),
            TaskState::InPlanning => {
                self.break_down(task);
                Done::Moved
            }
            TaskState::Assigned { assignee: Assignee::Lead(_) } => self.more_time_or_less_risk(
                task,
                record,
                "its parts have clocks of their own, and it begins with the first",
            ),
            TaskState::Assigned { .. } => match self.give_to_another(task, "it was not started in time") {
                Some(done) => done,
                None => self.more_time_or_less_risk(task, record, "nobody else is free: it stays with who has it"),
            },
            TaskState::InProgress { attempt: Attempt::Children, .. } => self.more_time_or_less_risk(
                task,
                record,
                "its parts have clocks of their own, and are seen to one by one",
            ),
            TaskState::InProgress { .. } => self.more_time_or_less_risk(
                task,
                record,
                "there are signs of life: it goes on, and finishes what is asked for",
            ),
            TaskState::UnderReview { reviewer, .. } => self.late_review(task, record, reviewer),
            TaskState::DomainReview { .. } => self.judge_in_place(task, record, Self::review),
            TaskState::ReadyForHandoff { .. } => self.judge_in_place(task, record, Self::accept_for_all),
            TaskState::Blocked { .. }
            | TaskState::Escalated { .. }
            | TaskState::Completed
            | TaskState::Cancelled { .. } => Done::Left("it has another clock now".to_owned()),
        }
    }

    /// Nobody assigned it: whoever holds it does, across domains where it must be.
    fn late_pending(&mut self, task: &Task, record: &Escalation) -> Done {
        if task.is_stopped() {
            return Done::Left("it stops for a go-ahead, which a person has been asked for".to_owned());
        }
        if task.kind == TaskKind::Strategic && task.tier.has_strategic_phase() {
            self.commit(task.id, TaskAction::BeginPlanning);
            return Done::Moved;
        }
        let department = task.domain.department();
        let choice = match self.choose(task, self.state.chart.ics_of(&task.domain)) {
            own @ Choice::Ic(..) => own,
            Choice::NobodyAvailable | Choice::NobodyQualified(_) => {
                let all = self.state.chart.ics.values().filter(|ic| ic.id.department() == department);
                self.choose(task, all)
            }
        };
        if let Choice::Ic(ic, explanation) = choice {
            self.give(&ic, task);
            self.commit(task.id, TaskAction::Assign { to: Assignee::Ic(ic), explanation });
            return Done::Moved;
        }
        self.more_time_or_less_risk(task, record, "nobody who could do it is free")
    }

    /// Another peer reads it, or whoever holds it judges in the peer's place.
    fn late_review(&mut self, task: &Task, record: &Escalation, reviewer: &Role) -> Done {
        if record.level == Level::DomainLead
            && let Some(author) = task.state.assignee().and_then(Assignee::ic)
            && let Some(peer) = another_peer(self.state, task, author, Some(reviewer))
        {
            let decision = format!("{peer} reads it instead of {reviewer}");
            self.commit(task.id, TaskAction::AssignReviewer { reviewer: peer });
            return Done::Left(decision);
        }
        self.judge_in_place(task, record, Self::review)
    }

    /// Judges in the place of whoever did not, unless the level leaves judgement to a person.
    fn judge_in_place(&mut self, task: &Task, record: &Escalation, judge: fn(&mut Self, &Task)) -> Done {
        if asks_a_person(self.state, self.role) {
            return self.more_time_or_less_risk(task, record, "a person is to judge, and has been asked");
        }
        judge(self, task);
        Done::Moved
    }

    /// Accepts a package for everybody who has not.
    fn accept_for_all(&mut self, task: &Task) {
        if let TaskState::ReadyForHandoff { accepted, .. } = &task.state {
            for receiver in self.state.receivers(task).difference(accepted) {
                self.accept_for(task, receiver);
            }
        }
    }

    /// What is left when nobody else can do it: the tech lead grants more time once, the manager makes it more urgent and
    /// accepts the risk, a lead leaves it be.
    fn more_time_or_less_risk(&mut self, task: &Task, record: &Escalation, why: &str) -> Done {
        match record.level {
            Level::TechLead if task.granted == Millis::default() => {
                let span = limits(self.state, task).map_or(Millis::from_hours(1), |limits| limits.target);
                let span = Millis(span.0.max(1));
                let reason = format!("{why}; as much time again, once");
                self.commit(task.id, TaskAction::GrantTime { span, reason: reason.clone() });
                Done::Left(reason)
            }
            Level::EngineeringManager => {
                let higher = match task.priority {
                    Priority::Low => Some(Priority::Normal),
                    Priority::Normal => Some(Priority::High),
                    Priority::High | Priority::Critical => None,
                };
                match higher {
                    Some(priority) => {
                        self.commit(task.id, TaskAction::ChangePriority { priority });
                        Done::Left(format!(
                            "{why}; it has {priority} priority now, and the risk is accepted until then"
                        ))
                    }
                    None => Done::Left(format!("{why}; the risk is accepted until then")),
                }
            }
            Level::DomainLead | Level::TechLead | Level::Person => Done::Left(why.to_owned()),
        }
    }

    /// Takes a task from whoever has it and gives it to another IC within the reach of the role; `None` when there is none.
    fn give_to_another(&mut self, task: &Task, reason: &str) -> Option<Done> {
        let current = task.state.assignee().and_then(Assignee::ic)?.clone();
        let ic = self.another_ic(task, &current)?;
        self.give(&ic, task);
        self.commit(task.id, TaskAction::Reassign { to: ic, reason: reason.to_owned() });
        Some(Done::Moved)
    }

    fn another_ic(&self, task: &Task, current: &IcId) -> Option<IcId> {
        let chart = &self.state.chart;
        // Whoever it was taken from does not get it again, or it would go round for ever.
        let is_new = |ic: &IcId| ic != current && !task.taken_from.contains(ic);
        let choice = match self.role {
            Role::DomainLead(domain) => self.choose(task, chart.ics_of(domain).filter(|ic| is_new(&ic.id))),
            Role::TechLead(department) | Role::EngineeringManager(department) => {
                let all = chart.ics.values().filter(|ic| ic.id.department() == *department && is_new(&ic.id));
                self.choose(task, all)
            }
            Role::Organisation | Role::Ic(_) | Role::Person(_) | Role::Operator => return None,
        };
        match choice {
            Choice::Ic(ic, _) => Some(ic),
            Choice::NobodyAvailable | Choice::NobodyQualified(_) => None,
        }
    }
}

/// Whether a place leaves judgement to a person.
fn asks_a_person(state: &State, role: &Role) -> bool {
    let judges = match role {
        // Nobody judges for a manager but as for the tech lead beside them.
        Role::EngineeringManager(department) => Role::TechLead(department.clone()),
        other => other.clone(),
    };
    state.who_works_for(&judges) != judges
}
