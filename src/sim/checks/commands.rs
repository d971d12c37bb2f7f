//! What a command may make happen, and what may follow from it by itself.

use super::fault::{Fault, expect};
use super::invariant::COMMANDS;
use crate::domain::command::{Action, Command, InstructionAction, TaskAction};
use crate::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use crate::domain::role::Principal;

/// An event is what its command asks for, in the name of whoever asked; or it follows from that, in the name of the system.
pub(super) fn check(command: &Command, entry: &Entry) -> Result<(), Fault> {
    let is_asked_for = entry.principal == command.principal && makes(&command.action, &entry.event);
    let follows = || entry.principal == Principal::system() && follows(&entry.event);
    expect(is_asked_for || follows(), COMMANDS, || {
        let (who, asked) = (&entry.principal, command.action.name());
        format!(
            "in the name of {who}, on a command of {} to {asked}: {:.160}",
            command.principal,
            format!("{:?}", entry.event)
        )
    })
}

fn makes(action: &Action, event: &Event) -> bool {
    match (action, event) {
        (Action::Task(id, action), Event::Task(of, event)) => id == of && task_makes(action, event),
        (Action::Instruction(id, action), Event::Instruction(of, event)) => {
            let makes_room = matches!(
                (action, event),
                (InstructionAction::Arbitrate { first: true, .. }, InstructionEvent::Paused { until: Some(until), .. })
                    if until == id
            );
            makes_room || (id == of && instruction_makes(action, event))
        }
        (Action::Instruction(_, InstructionAction::Rebaseline { hurry, .. }), Event::Task(of, event)) => {
            hurry.contains(of) && matches!(event, TaskEvent::PriorityChanged { .. })
        }
        (Action::Submit { id, .. }, Event::Received { id: of, .. }) => id == of,
        (Action::SetPresence { role, absence: Some(_) }, Event::Absent { role: who, .. })
        | (Action::SetPresence { role, absence: None }, Event::Present { role: who })
        | (Action::ReadBroadcasts { role, .. }, Event::BroadcastsRead { role: who, .. }) => role == who,
        (Action::Broadcast { id, .. }, Event::Broadcast { id: of, .. }) => id == of,
        (Action::NoteCapacity { domain, .. }, Event::CapacityNoted { domain: of, .. }) => domain == of,
        (Action::ApplyChart(_), Event::ChartApplied(_))
        | (Action::Start { .. }, Event::Started { .. } | Event::ClockAnchored(_))
        | (Action::ExcuseSilence, Event::SilenceExcused)
        | (Action::HoldStandup, Event::StandupHeld { .. }) => true,
        (Action::FireClocks { .. }, event) => fires(event),
        (Action::ExpireLeases { .. }, Event::Task(_, event)) => {
            matches!(event, TaskEvent::AttemptFailed { .. } | TaskEvent::Blocked { .. } | TaskEvent::Reassigned { .. })
        }
        _others => false,
    }
}

fn fires(event: &Event) -> bool {
    match event {
        Event::StandupHeld { .. } | Event::DigestSent { .. } => true,
        Event::Instruction(_, event) => matches!(
            event,
            InstructionEvent::ConsultationLapsed { .. }
                | InstructionEvent::Slipped { .. }
                | InstructionEvent::DeadlinePassed
                | InstructionEvent::Reminded { .. }
        ),
        Event::Task(_, event) => matches!(
            event,
            TaskEvent::ClockFired { .. }
                | TaskEvent::Escalated { .. }
                | TaskEvent::EscalationRaised { .. }
                | TaskEvent::EscalationClimbed { .. }
                | TaskEvent::EscalationTold { .. }
                | TaskEvent::EscalationReminded { .. }
                | TaskEvent::Stalled { .. }
                | TaskEvent::ForecastPassed
                | TaskEvent::DelegationSentAgain
                | TaskEvent::QuestionClimbed { .. }
                | TaskEvent::QuestionReminded { .. }
                | TaskEvent::Reminded { .. }
        ),
        _others => false,
    }
}

/// What happens by itself: the next gate, the end of what is over, the place of who is gone. Nothing here judges work,
/// gives it to anybody or starts it.
fn follows(event: &Event) -> bool {
    match event {
        Event::Received { request, .. } => request.parent.is_some(),
        Event::Instruction(_, event) => matches!(
            event,
            InstructionEvent::NeedsBrief { .. }
                | InstructionEvent::GoNoGoReached
                | InstructionEvent::Slipped { .. }
                | InstructionEvent::Rebaselined { .. }
                | InstructionEvent::Paused { .. }
                | InstructionEvent::Resumed
                | InstructionEvent::Cancelled { .. }
        ),
        Event::Task(_, event) => matches!(
            event,
            TaskEvent::EscalationClosed { .. }
                | TaskEvent::Unassigned { .. }
                | TaskEvent::Blocked { .. }
                | TaskEvent::ChildrenStarted
                | TaskEvent::GateEntered { .. }
                | TaskEvent::GateSkipped { .. }
                | TaskEvent::HandoffOpened
                | TaskEvent::Completed
                | TaskEvent::Cancelled { .. }
                | TaskEvent::ReviewBegun { .. }
                | TaskEvent::ReviewerAssigned { .. }
                | TaskEvent::Escalated { .. }
                | TaskEvent::EscalationClimbed { .. }
                | TaskEvent::Stopped
        ),
        _others => false,
    }
}

fn instruction_makes(action: &InstructionAction, event: &InstructionEvent) -> bool {
    use InstructionEvent as Is;
    match action {
        InstructionAction::Triage { .. } => matches!(event, Is::Triaged(_)),
        InstructionAction::Reject { .. } => matches!(event, Is::Rejected { .. }),
        InstructionAction::FillBrief { .. } => matches!(event, Is::BriefFilled { .. }),
        InstructionAction::Plan { .. } => matches!(event, Is::Planned { .. }),
        InstructionAction::RefusePlan { .. } => matches!(event, Is::PlanRefused { .. }),
        InstructionAction::AnswerConsultation { .. } => matches!(event, Is::ConsultationAnswered { .. }),
        InstructionAction::AskApproval { .. } => matches!(event, Is::ApprovalAsked { .. }),
        InstructionAction::ApprovePlan { .. } => matches!(event, Is::Queued { .. }),
        InstructionAction::Hold(_) => matches!(event, Is::Held(_)),
        InstructionAction::Arbitrate { .. } => matches!(event, Is::Arbitrated { .. }),
        InstructionAction::WaiveDependency { .. } => matches!(event, Is::DependencyWaived { .. }),
        InstructionAction::Release => matches!(event, Is::Executing { .. }),
        InstructionAction::DecideGoNoGo => {
            matches!(event, Is::Completed { .. } | Is::NoGo { .. } | Is::Cancelled { .. })
        }
        InstructionAction::Amend { .. } => matches!(event, Is::Amended { .. }),
        InstructionAction::Rebaseline { .. } => matches!(event, Is::Rebaselined { .. }),
        InstructionAction::Cancel { .. } => matches!(event, Is::Cancelled { .. }),
        InstructionAction::Pause { .. } => matches!(event, Is::Paused { .. }),
        InstructionAction::Resume => matches!(event, Is::Resumed),
    }
}

fn task_makes(action: &TaskAction, event: &TaskEvent) -> bool {
    use TaskEvent as Is;
    match action {
        TaskAction::BeginPlanning => matches!(event, Is::PlanningBegun),
        TaskAction::BreakDown { .. } => matches!(event, Is::BrokenDown { .. }),
        TaskAction::Propose { .. } => matches!(event, Is::Proposed { .. }),
        TaskAction::RefuseProposal { .. } => matches!(event, Is::ProposalRefused { .. }),
        TaskAction::GoAhead { .. } => matches!(event, Is::WentAhead { .. }),
        TaskAction::AskGoAhead { .. } => matches!(event, Is::GoAheadAsked { .. }),
        TaskAction::Assign { to, .. } => matches!(event, Is::Assigned { to: who, .. } if who == to),
        TaskAction::Unassign { .. } => matches!(event, Is::Unassigned { .. }),
        TaskAction::Reassign { to, .. } => matches!(event, Is::Reassigned { to: who, .. } if who == to),
        TaskAction::StartAttempt => matches!(event, Is::AttemptStarted { .. }),
        TaskAction::Heartbeat { .. } => matches!(event, Is::Heartbeat { .. }),
        TaskAction::HandIn { epoch, .. } => matches!(event, Is::HandedIn { epoch: of, .. } if of == epoch),
        TaskAction::FailAttempt { .. } => matches!(event, Is::AttemptFailed { .. } | Is::Blocked { .. }),
        TaskAction::Block { .. } => matches!(event, Is::Blocked { .. }),
        TaskAction::Escalate { .. } => {
            matches!(event, Is::Escalated { .. } | Is::EscalationRaised { .. } | Is::EscalationClimbed { .. })
        }
        TaskAction::Resolve { .. } => matches!(event, Is::Resolved { .. }),
        TaskAction::AssignReviewer { .. } => matches!(event, Is::ReviewerAssigned { .. }),
        TaskAction::Approve { .. } => matches!(event, Is::PeerApproved { .. }),
        TaskAction::PassGate { .. } => matches!(event, Is::GatePassed { .. }),
        TaskAction::SkipGate { gate, .. } => matches!(event, Is::GateSkipped { gate: at, .. } if at == gate),
        TaskAction::RequestChanges { .. } => {
            matches!(event, Is::ChangesRequested { .. } | Is::RoundsSpent { .. } | Is::EscalationRaised { .. })
        }
        TaskAction::AcceptHandoff { .. } => matches!(event, Is::ItemsVerified { .. } | Is::HandoffAccepted { .. }),
        TaskAction::RejectHandoff { .. } => {
            matches!(event, Is::HandoffRejected { .. } | Is::EscalationRaised { .. })
        }
        TaskAction::Cancel { .. } => matches!(event, Is::Cancelled { .. }),
        TaskAction::AskQuestion { .. } => matches!(event, Is::QuestionAsked { .. } | Is::Blocked { .. }),
        TaskAction::Answer { .. } => matches!(event, Is::QuestionAnswered { .. } | Is::Resolved { .. }),
        TaskAction::GrantTime { .. } => matches!(event, Is::TimeGranted { .. }),
        TaskAction::ChangePriority { .. } => matches!(event, Is::PriorityChanged { .. }),
        TaskAction::ChangeScope { .. } => matches!(event, Is::ScopeChanged { .. }),
        TaskAction::RaiseEscalation { .. } => {
            matches!(event, Is::EscalationRaised { .. } | Is::EscalationClimbed { .. })
        }
        TaskAction::AcknowledgeEscalation { .. } => matches!(event, Is::EscalationAcknowledged { .. }),
        TaskAction::DecideEscalation { .. } => matches!(event, Is::EscalationDecided { .. }),
        TaskAction::CloseEscalation { .. } => matches!(event, Is::EscalationClosed { .. }),
        TaskAction::DecideCancelled { .. } => matches!(event, Is::CancelledDecided { .. } | Is::Resolved { .. }),
        TaskAction::WaitForCapacity { .. } => matches!(event, Is::WaitsForCapacity { .. }),
        TaskAction::AcknowledgeDelegation => matches!(event, Is::DelegationAcknowledged),
    }
}
