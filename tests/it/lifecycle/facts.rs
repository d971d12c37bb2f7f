//! The facts of the lifecycle: which moves there are, and who makes them.

use echelon::domain::task::StateName::{
    self, Assigned, Blocked, Cancelled, Completed, DomainReview, Escalated, InPlanning, InProgress, Pending,
    ReadyForHandoff, UnderReview,
};

/// Who makes a move. A holder is whoever holds an escalation of the task or owns its blocker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Actor {
    Ic,
    Reviewer,
    DomainLead,
    ReceivingLead,
    TechLead,
    Manager,
    Person,
    System,
    Holder,
}

use Actor::{DomainLead, Holder, Ic, Manager, Person, ReceivingLead, Reviewer, System, TechLead};

/// The states that are not terminal.
pub(super) const OPEN: [StateName; 9] =
    [Pending, InPlanning, Assigned, InProgress, Blocked, Escalated, UnderReview, DomainReview, ReadyForHandoff];

/// Every move between states but those to `CANCELLED`, and who makes it.
pub(super) const MOVES: &[(StateName, StateName, &[Actor])] = &[
    (Pending, InPlanning, &[TechLead]),
    (Pending, Assigned, &[DomainLead]),
    (InPlanning, Assigned, &[DomainLead]),
    (Assigned, InProgress, &[Ic, System]),
    (Assigned, Pending, &[DomainLead, System]),
    (InProgress, Assigned, &[DomainLead, System]),
    (InProgress, Pending, &[DomainLead, System]),
    (InProgress, UnderReview, &[Ic]),
    (InProgress, DomainReview, &[System]),
    (InProgress, Completed, &[Ic]),
    (InProgress, Blocked, &[Ic, DomainLead, System]),
    // Nobody has a pending task, so no IC can say that it is blocked.
    (Pending, Blocked, &[DomainLead, System]),
    (Assigned, Blocked, &[Ic, DomainLead, System]),
    (Blocked, Escalated, &[Ic, DomainLead, System, Holder]),
    (Escalated, Escalated, &[Holder, System]),
    (Blocked, InProgress, &[Ic, DomainLead, Holder, Person]),
    (Escalated, InProgress, &[Ic, DomainLead, Holder, Person]),
    (Blocked, Assigned, &[DomainLead, Holder, Person]),
    (Escalated, Assigned, &[DomainLead, Holder, Person]),
    (Blocked, Pending, &[DomainLead, Holder, Person, System]),
    (Escalated, Pending, &[DomainLead, Holder, Person, System]),
    (UnderReview, DomainReview, &[Reviewer, Holder]),
    (UnderReview, InProgress, &[Reviewer, Holder]),
    (DomainReview, InProgress, &[Reviewer, Holder]),
    (DomainReview, ReadyForHandoff, &[System]),
    (DomainReview, Completed, &[System]),
    (ReadyForHandoff, Completed, &[ReceivingLead, System]),
    (ReadyForHandoff, InProgress, &[ReceivingLead]),
];

/// Who may cancel, from any state that is not terminal.
pub(super) const CANCELLERS: &[Actor] = &[TechLead, Manager, Person, System];

/// Who makes a move, or nobody where there is none.
pub(super) fn actors(from: StateName, to: StateName) -> &'static [Actor] {
    if to == Cancelled && OPEN.contains(&from) {
        return CANCELLERS;
    }
    MOVES.iter().find(|(a, b, _)| (*a, *b) == (from, to)).map_or(&[], |(_, _, actors)| actors)
}

#[test]
fn there_are_ten_working_states_and_cancelled() {
    assert_eq!(StateName::ALL.len(), 11);
    let terminal: Vec<_> = StateName::ALL.into_iter().filter(|name| name.is_terminal()).collect();
    assert_eq!(terminal, [Completed, Cancelled]);
    assert!(StateName::ALL.into_iter().filter(|name| !name.is_terminal()).eq(OPEN));
}
