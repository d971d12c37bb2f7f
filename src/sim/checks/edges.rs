//! The edges of a task's life, as the checks know them: a copy of their own, so that a fault of the core does not hide
//! itself.

use crate::domain::command::AfterBlock;
use crate::domain::event::TaskEvent;
use crate::domain::task::Assignee;
use crate::domain::task::StateName::{
    self, Assigned, Blocked, Cancelled, Completed, DomainReview, Escalated, InPlanning, InProgress, Pending,
    ReadyForHandoff, UnderReview,
};

/// What an event does to the state of a task.
pub(super) struct Edge {
    /// The event, in a word.
    pub(super) name: &'static str,
    /// The states it may come in.
    pub(super) from: &'static [StateName],
    /// The state it leads to; nothing where the task stays where it is.
    pub(super) to: Option<StateName>,
}

/// The states of a task that is not over.
const OPEN: &[StateName] =
    &[Pending, InPlanning, Assigned, InProgress, Blocked, Escalated, UnderReview, DomainReview, ReadyForHandoff];

/// All of them in which the clock of a state runs.
const TIMED: &[StateName] =
    &[Pending, InPlanning, Assigned, InProgress, Blocked, UnderReview, DomainReview, ReadyForHandoff];

const fn stays(name: &'static str, from: &'static [StateName]) -> Edge {
    Edge { name, from, to: None }
}

const fn moves(name: &'static str, from: &'static [StateName], to: StateName) -> Edge {
    Edge { name, from, to: Some(to) }
}

/// The edge of an event of a task that belongs to `owner`.
pub(super) fn edge(event: &TaskEvent, owner: Option<&Assignee>) -> Edge {
    match event {
        TaskEvent::PlanningBegun => moves("planning_begun", &[Pending], InPlanning),
        TaskEvent::BrokenDown { .. } => moves("broken_down", &[InPlanning], Assigned),
        TaskEvent::Proposed { .. } => stays("proposed", &[InPlanning]),
        TaskEvent::ProposalRefused { .. } => stays("proposal_refused", &[InPlanning]),
        TaskEvent::Stopped => stays("stopped", OPEN),
        TaskEvent::GoAheadAsked { .. } => stays("go_ahead_asked", &[Pending]),
        TaskEvent::WentAhead { .. } => stays("went_ahead", &[Pending]),
        TaskEvent::Assigned { .. } => moves("assigned", &[Pending], Assigned),
        TaskEvent::Unassigned { .. } => moves("unassigned", &[Assigned, InProgress], Pending),
        TaskEvent::Reassigned { .. } => moves("reassigned", &[Assigned, InProgress], Assigned),
        TaskEvent::AttemptStarted { .. } => moves("attempt_started", &[Assigned, InProgress], InProgress),
        TaskEvent::ChildrenStarted => moves("children_started", &[Assigned], InProgress),
        TaskEvent::Heartbeat { .. } => stays("heartbeat", &[InProgress]),
        TaskEvent::HandedIn { reviewer: Some(_), .. } => moves("handed_in", &[InProgress], UnderReview),
        TaskEvent::HandedIn { reviewer: None, .. } => moves("handed_in", &[InProgress], Completed),
        TaskEvent::AttemptFailed { .. } => stays("attempt_failed", &[InProgress]),
        TaskEvent::Blocked { .. } => moves("blocked", &[Pending, Assigned, InProgress], Blocked),
        TaskEvent::Escalated { .. } => moves("escalated", &[Blocked, Escalated], Escalated),
        TaskEvent::Resolved { next, .. } => moves("resolved", &[Blocked, Escalated], after_block(next, owner)),
        TaskEvent::ReviewerAssigned { .. } => stays("reviewer_assigned", &[UnderReview, DomainReview]),
        TaskEvent::PeerApproved { .. } => moves("peer_approved", &[UnderReview], DomainReview),
        TaskEvent::ReviewBegun { .. } => moves("review_begun", &[InProgress], DomainReview),
        TaskEvent::GateEntered { .. } => moves("gate_entered", &[DomainReview], DomainReview),
        TaskEvent::GatePassed { .. } => stays("gate_passed", &[DomainReview]),
        TaskEvent::GateSkipped { .. } => stays("gate_skipped", &[DomainReview]),
        TaskEvent::ChangesRequested { .. } => moves("changes_requested", &[UnderReview, DomainReview], InProgress),
        TaskEvent::RoundsSpent { .. } => stays("rounds_spent", &[UnderReview, DomainReview]),
        TaskEvent::HandoffOpened => moves("handoff_opened", &[DomainReview], ReadyForHandoff),
        TaskEvent::HandoffAccepted { .. } => stays("handoff_accepted", &[ReadyForHandoff]),
        TaskEvent::HandoffRejected { .. } => moves("handoff_rejected", &[ReadyForHandoff], InProgress),
        TaskEvent::ItemsVerified { .. } => stays("items_verified", &[ReadyForHandoff]),
        TaskEvent::Completed => moves("completed", &[DomainReview, ReadyForHandoff], Completed),
        TaskEvent::Cancelled { .. } => moves("cancelled", OPEN, Cancelled),
        TaskEvent::QuestionAsked { .. } => stays("question_asked", &[InProgress, UnderReview, DomainReview]),
        TaskEvent::QuestionAnswered { .. } => stays("question_answered", OPEN),
        TaskEvent::QuestionClimbed { .. } => stays("question_climbed", OPEN),
        TaskEvent::QuestionReminded { .. } => stays("question_reminded", OPEN),
        TaskEvent::TimeGranted { .. } => stays("time_granted", OPEN),
        TaskEvent::PriorityChanged { .. } => stays("priority_changed", OPEN),
        TaskEvent::ScopeChanged { .. } => stays("scope_changed", OPEN),
        TaskEvent::EscalationRaised { .. } => stays("escalation_raised", OPEN),
        TaskEvent::EscalationClimbed { .. } => stays("escalation_climbed", OPEN),
        TaskEvent::EscalationTold { .. } => stays("escalation_told", OPEN),
        TaskEvent::EscalationReminded { .. } => stays("escalation_reminded", OPEN),
        TaskEvent::EscalationAcknowledged { .. } => stays("escalation_acknowledged", OPEN),
        TaskEvent::EscalationDecided { .. } => stays("escalation_decided", OPEN),
        TaskEvent::EscalationClosed { .. } => stays("escalation_closed", OPEN),
        TaskEvent::ClockFired { .. } => stays("clock_fired", TIMED),
        TaskEvent::Stalled { .. } => stays("stalled", &[InProgress]),
        TaskEvent::Reminded { .. } => stays("reminded", &[Pending, UnderReview, DomainReview, ReadyForHandoff]),
        TaskEvent::WaitsForCapacity { .. } => stays("waits_for_capacity", &[Pending]),
        TaskEvent::ForecastPassed => stays("forecast_passed", &[Pending]),
        // With its instruction a task is given out in whatever state it is by then.
        TaskEvent::DelegationAcknowledged => stays("delegation_acknowledged", OPEN),
        TaskEvent::DelegationSentAgain => stays("delegation_sent_again", OPEN),
        TaskEvent::CancelledDecided { .. } => stays("cancelled_decided", &[Assigned, InProgress, Blocked, Escalated]),
    }
}

/// Where a task goes on whose blocker was cleared.
const fn after_block(next: &AfterBlock, owner: Option<&Assignee>) -> StateName {
    match (next, owner) {
        (AfterBlock::Resume, Some(Assignee::Ic(_))) => InProgress,
        (AfterBlock::Resume, Some(Assignee::Lead(_))) | (AfterBlock::Assign(_), _) => Assigned,
        (AfterBlock::Resume, None) | (AfterBlock::Release, _) => Pending,
    }
}
