//! Every legal move: how it comes about, what is recorded, and who owes what afterwards.

use std::collections::BTreeSet;

use echelon::domain::assignment::Explanation;
use echelon::domain::command::{Action, AfterBlock, TaskAction};
use echelon::domain::id::{EscalationId, Round};
use echelon::domain::review::{Gate, TaskKind};
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::task::StateName::{
    self, Assigned, Blocked, Cancelled, Completed, DomainReview, Escalated, InPlanning, InProgress, Pending,
    ReadyForHandoff, UnderReview,
};
use echelon::domain::task::{Assignee, CancelledDecision, FailureClass};
use echelon::domain::work::Tier;

use super::facts::Actor::{self, DomainLead, Holder, Ic, Person, ReceivingLead, Reviewer, System, TechLead};
use super::facts::{MOVES, actors};
use super::world::{
    World, basis, blocker, domain, failure, finding, ic, ic_id, lead, manager, person, submission, system, tech_lead,
};

/// One move of one task.
struct Row {
    /// What happens, in words.
    what: &'static str,
    /// The task that moves.
    key: &'static str,
    /// From where to where; equal for a command that leaves it where it is.
    step: (StateName, StateName),
    /// Who makes the move.
    actor: Actor,
    /// How it gets there.
    prepare: fn(&mut World),
    /// The command.
    act: fn(&mut World) -> (Principal, Action),
    /// Everything that is recorded.
    events: &'static [&'static str],
    /// Who owes what for it afterwards.
    owed: &'static str,
}

fn on(world: &World, key: &str, principal: Principal, action: TaskAction) -> (Principal, Action) {
    (principal, Action::Task(world.id(key), action))
}

fn why() -> String {
    "because".to_owned()
}

fn resume() -> TaskAction {
    TaskAction::Resolve { resolution: "here is a token".to_owned(), next: AfterBlock::Resume }
}

fn give_to(name: &str) -> TaskAction {
    TaskAction::Resolve { resolution: "she has a token".to_owned(), next: AfterBlock::Assign(ic_id(name)) }
}

fn release() -> TaskAction {
    TaskAction::Resolve { resolution: "it is gone".to_owned(), next: AfterBlock::Release }
}

/// `api` of three tasks, in a state.
fn trio_at(world: &mut World, state: StateName) {
    world.trio();
    world.reach("api", state);
}

/// A task blocked by something that its tech lead owns.
fn blocked_for_tech_lead(world: &mut World) {
    trio_at(world, Pending);
    world.task_must(lead("backend"), "api", TaskAction::Block { epoch: None, blocker: blocker(Level::TechLead) });
}

/// `m1` broken down, with `c1` and `c2` assigned.
fn broken_down(world: &mut World) {
    world.milestones();
    world.break_down("m1", &["c1", "c2"]);
    world.assign("c1", "backend/ben");
    world.assign("c2", "backend/bea");
}

/// `m1` at its first gate, both children completed.
fn milestone_reviewed(world: &mut World) {
    broken_down(world);
    for child in ["c1", "c2"] {
        world.start(child);
        world.hand_in(child);
        world.approve(child);
        world.pass_gates(child);
    }
}

const LEAD_ASSIGNS: &str = "dev/backend:lead: assign it";
const BEN_STARTS: &str = "dev/backend/ben: start the next attempt";
const BEN_ATTENDS: &str = "dev/backend/ben: see the running attempt through";
const LEAD_CLEARS: &str = "dev/backend:lead: clear the blocker";
const TECH_LEAD_CLEARS: &str = "dev:tech-lead: clear the blocker";
const LEAD_AT_GATE: &str = "dev/backend:lead: decide at the gate";
const BEA_REVIEWS: &str = "dev/backend/bea: review it";
const HANDOFF_OWED: &str = "dev/frontend:lead: accept the handoff or send it back";

#[rustfmt::skip]
const MOVE_ROWS: &[Row] = &[
    Row { what: "a milestone is planned", key: "m1", step: (Pending, InPlanning), actor: TechLead,
        prepare: |w| { w.milestones(); },
        act: |w| on(w, "m1", tech_lead(), TaskAction::BeginPlanning),
        events: &["m1 planning_begun"], owed: "dev/backend:lead: break it down" },
    Row { what: "a lead assigns; what it needs need not be there", key: "page", step: (Pending, Assigned), actor: DomainLead,
        prepare: |w| { w.trio(); },
        act: |w| on(w, "page", lead("frontend"), TaskAction::Assign {
            to: Assignee::Ic(ic_id("frontend/fay")), explanation: Explanation::default() }),
        events: &["page assigned"], owed: "waits for api" },
    Row { what: "a lead breaks a milestone down", key: "m1", step: (InPlanning, Assigned), actor: DomainLead,
        prepare: |w| { w.milestones(); w.reach("m1", InPlanning); },
        act: |w| { let children = vec![w.planned("c1", TaskKind::Tactical, "backend", &[])];
            on(w, "m1", lead("backend"), TaskAction::BreakDown { children }) },
        events: &["m1 broken_down"], owed: "waits for children c1" },
    Row { what: "an IC starts", key: "api", step: (Assigned, InProgress), actor: Ic,
        prepare: |w| trio_at(w, Assigned),
        act: |w| on(w, "api", ic("backend/ben"), TaskAction::StartAttempt),
        events: &["api attempt_started"], owed: BEN_ATTENDS },
    Row { what: "the first child of a milestone starts", key: "m1", step: (Assigned, InProgress), actor: System,
        prepare: broken_down,
        act: |w| on(w, "c1", ic("backend/ben"), TaskAction::StartAttempt),
        events: &["c1 attempt_started", "m1 children_started"], owed: "waits for children c1 c2" },
    Row { what: "a lead takes it back", key: "api", step: (Assigned, Pending), actor: DomainLead,
        prepare: |w| trio_at(w, Assigned),
        act: |w| on(w, "api", lead("backend"), TaskAction::Unassign { reason: why() }),
        events: &["api unassigned"], owed: LEAD_ASSIGNS },
    Row { what: "its IC leaves before the start", key: "api", step: (Assigned, Pending), actor: System,
        prepare: |w| trio_at(w, Assigned),
        act: |w| (person(), w.without(&["backend/ben"])),
        events: &["chart_applied", "api unassigned"], owed: LEAD_ASSIGNS },
    Row { what: "a lead gives a running task to another IC", key: "api", step: (InProgress, Assigned), actor: DomainLead,
        prepare: |w| trio_at(w, InProgress),
        act: |w| on(w, "api", lead("backend"), TaskAction::Reassign { to: ic_id("backend/bea"), reason: why() }),
        events: &["api reassigned"], owed: "dev/backend/bea: start the next attempt" },
    Row { what: "a lost attempt goes to another IC", key: "api", step: (InProgress, Assigned), actor: System,
        prepare: |w| trio_at(w, InProgress),
        act: |w| on(w, "api", system(), TaskAction::Reassign { to: ic_id("backend/bea"), reason: why() }),
        events: &["api reassigned"], owed: "dev/backend/bea: start the next attempt" },
    Row { what: "a lead takes a running task back", key: "api", step: (InProgress, Pending), actor: DomainLead,
        prepare: |w| trio_at(w, InProgress),
        act: |w| on(w, "api", lead("backend"), TaskAction::Unassign { reason: why() }),
        events: &["api unassigned"], owed: LEAD_ASSIGNS },
    Row { what: "its IC leaves while it runs", key: "api", step: (InProgress, Pending), actor: System,
        prepare: |w| trio_at(w, InProgress),
        act: |w| (person(), w.without(&["backend/ben"])),
        events: &["chart_applied", "api unassigned"], owed: LEAD_ASSIGNS },
    Row { what: "work is handed in", key: "api", step: (InProgress, UnderReview), actor: Ic,
        prepare: |w| trio_at(w, InProgress),
        act: |w| { let epoch = w.epoch("api");
            on(w, "api", ic("backend/ben"), TaskAction::HandIn { epoch, submission: submission(true) }) },
        events: &["api handed_in"], owed: BEA_REVIEWS },
    Row { what: "the last child of a milestone is completed", key: "m1", step: (InProgress, DomainReview), actor: System,
        prepare: |w| { broken_down(w); w.start("c1"); w.reach_end("c2"); w.hand_in("c1"); w.approve("c1"); },
        act: |w| on(w, "c1", lead("backend"), TaskAction::PassGate { gate: Gate::DomainLead, basis: basis() }),
        events: &["c1 gate_passed", "c1 completed", "m1 review_begun"], owed: "dev:tech-lead: decide at the gate" },
    Row { what: "its lead does without the child that was cancelled", key: "m1", step: (InProgress, DomainReview), actor: System,
        prepare: |w| { broken_down(w); w.reach_end("c2"); w.reach("c1", Cancelled); },
        act: |w| { let of = w.id("c1");
            on(w, "m1", lead("backend"), TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive }) },
        events: &["m1 cancelled_decided", "m1 review_begun"], owed: "dev:tech-lead: decide at the gate" },
    Row { what: "trivial work is done when it is handed in", key: "api", step: (InProgress, Completed), actor: Ic,
        prepare: |w| { w.instruct(Tier::Trivial, &[("api", "backend", &[])]); w.reach("api", InProgress); },
        act: |w| { let epoch = w.epoch("api");
            on(w, "api", ic("backend/ben"), TaskAction::HandIn { epoch, submission: submission(true) }) },
        events: &["api handed_in", "instruction go_no_go_reached"], owed: "" },
    Row { what: "whoever does it cannot go on", key: "api", step: (InProgress, Blocked), actor: Ic,
        prepare: |w| trio_at(w, InProgress),
        act: |w| { let epoch = Some(w.epoch("api"));
            on(w, "api", ic("backend/ben"), TaskAction::Block { epoch, blocker: blocker(Level::DomainLead) }) },
        events: &["api blocked"], owed: LEAD_CLEARS },
    Row { what: "a lead stops it", key: "api", step: (InProgress, Blocked), actor: DomainLead,
        prepare: |w| trio_at(w, InProgress),
        act: |w| on(w, "api", lead("backend"), TaskAction::Block { epoch: None, blocker: blocker(Level::DomainLead) }),
        events: &["api blocked"], owed: LEAD_CLEARS },
    Row { what: "an attempt fails for good", key: "api", step: (InProgress, Blocked), actor: System,
        prepare: |w| trio_at(w, InProgress),
        act: |w| { let epoch = w.epoch("api");
            on(w, "api", system(), TaskAction::FailAttempt { epoch, failure: failure(FailureClass::Permanent) }) },
        events: &["api attempt_failed", "api blocked"], owed: LEAD_CLEARS },
    Row { what: "what a running task needs is cancelled", key: "docs", step: (InProgress, Blocked), actor: System,
        prepare: |w| { trio_at(w, ReadyForHandoff); w.assign("docs", "backend/bea"); w.start("docs"); },
        act: |w| on(w, "api", person(), TaskAction::Cancel { reason: why() }),
        events: &["api cancelled", "page blocked", "docs blocked"], owed: "dev:tech-lead: decide about a cancelled task" },
    Row { what: "a lead cannot assign", key: "api", step: (Pending, Blocked), actor: DomainLead,
        prepare: |w| trio_at(w, Pending),
        act: |w| on(w, "api", lead("backend"), TaskAction::Block { epoch: None, blocker: blocker(Level::TechLead) }),
        events: &["api blocked"], owed: TECH_LEAD_CLEARS },
    Row { what: "what a pending task needs is cancelled", key: "docs", step: (Pending, Blocked), actor: System,
        prepare: |w| trio_at(w, Pending),
        act: |w| on(w, "api", person(), TaskAction::Cancel { reason: why() }),
        events: &["api cancelled", "page blocked", "docs blocked"], owed: "dev:tech-lead: decide about a cancelled task" },
    Row { what: "an IC sees a blocker before starting", key: "api", step: (Assigned, Blocked), actor: Ic,
        prepare: |w| trio_at(w, Assigned),
        act: |w| on(w, "api", ic("backend/ben"), TaskAction::Block { epoch: None, blocker: blocker(Level::DomainLead) }),
        events: &["api blocked"], owed: LEAD_CLEARS },
    Row { what: "a lead sees a blocker before the start", key: "api", step: (Assigned, Blocked), actor: DomainLead,
        prepare: |w| trio_at(w, Assigned),
        act: |w| on(w, "api", lead("backend"), TaskAction::Block { epoch: None, blocker: blocker(Level::DomainLead) }),
        events: &["api blocked"], owed: LEAD_CLEARS },
    Row { what: "what an assigned task needs is cancelled", key: "docs", step: (Assigned, Blocked), actor: System,
        prepare: |w| { trio_at(w, Pending); w.assign("docs", "backend/bea"); },
        act: |w| on(w, "api", person(), TaskAction::Cancel { reason: why() }),
        events: &["api cancelled", "page blocked", "docs blocked"], owed: "dev:tech-lead: decide about a cancelled task" },
    Row { what: "an IC asks for help from above", key: "api", step: (Blocked, Escalated), actor: Ic,
        prepare: |w| trio_at(w, Blocked),
        act: |w| { let action = w.escalate(Level::DomainLead); on(w, "api", ic("backend/ben"), action) },
        events: &["api escalated", "api escalation_raised"], owed: LEAD_CLEARS },
    Row { what: "a lead passes a blocker on", key: "api", step: (Blocked, Escalated), actor: DomainLead,
        prepare: |w| trio_at(w, Blocked),
        act: |w| { let action = w.escalate(Level::TechLead); on(w, "api", lead("backend"), action) },
        events: &["api escalated", "api escalation_raised"], owed: TECH_LEAD_CLEARS },
    Row { what: "the clock of a blocked task runs out", key: "api", step: (Blocked, Escalated), actor: System,
        prepare: |w| trio_at(w, Blocked),
        act: |w| { let action = w.escalate(Level::TechLead); on(w, "api", system(), action) },
        events: &["api escalated", "api escalation_raised"], owed: TECH_LEAD_CLEARS },
    Row { what: "whoever owns the blocker passes it on", key: "api", step: (Blocked, Escalated), actor: Holder,
        prepare: blocked_for_tech_lead,
        act: |w| { let action = w.escalate(Level::EngineeringManager); on(w, "api", tech_lead(), action) },
        events: &["api escalated", "api escalation_raised"], owed: "dev:engineering-manager: clear the blocker" },
    Row { what: "a holder passes it on", key: "api", step: (Escalated, Escalated), actor: Holder,
        prepare: |w| trio_at(w, Escalated),
        act: |w| { let action = w.escalate(Level::Person); on(w, "api", tech_lead(), action) },
        events: &["api escalated", "api escalation_climbed"], owed: "operator: clear the blocker" },
    Row { what: "the clock of a level runs out", key: "api", step: (Escalated, Escalated), actor: System,
        prepare: |w| trio_at(w, Escalated),
        act: |w| { let action = w.escalate(Level::EngineeringManager); on(w, "api", system(), action) },
        events: &["api escalated", "api escalation_climbed"], owed: "dev:engineering-manager: clear the blocker" },
    Row { what: "an IC has found a way", key: "api", step: (Blocked, InProgress), actor: Ic,
        prepare: |w| trio_at(w, Blocked), act: |w| on(w, "api", ic("backend/ben"), resume()),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "a lead clears a blocker", key: "api", step: (Blocked, InProgress), actor: DomainLead,
        prepare: |w| trio_at(w, Blocked), act: |w| on(w, "api", lead("backend"), resume()),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "whoever owns the blocker clears it", key: "api", step: (Blocked, InProgress), actor: Holder,
        prepare: |w| { trio_at(w, Assigned);
            w.task_must(ic("backend/ben"), "api", TaskAction::Block { epoch: None, blocker: blocker(Level::TechLead) }); },
        act: |w| on(w, "api", tech_lead(), resume()),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "a person clears a blocker", key: "api", step: (Blocked, InProgress), actor: Person,
        prepare: |w| trio_at(w, Blocked), act: |w| on(w, "api", person(), resume()),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "an IC has found a way meanwhile", key: "api", step: (Escalated, InProgress), actor: Ic,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", ic("backend/ben"), resume()),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "a lead clears it meanwhile", key: "api", step: (Escalated, InProgress), actor: DomainLead,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", lead("backend"), resume()),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "the holder clears it", key: "api", step: (Escalated, InProgress), actor: Holder,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", tech_lead(), resume()),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "a person clears it", key: "api", step: (Escalated, InProgress), actor: Person,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", person(), resume()),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "a lead gives a blocked task to another IC", key: "api", step: (Blocked, Assigned), actor: DomainLead,
        prepare: |w| trio_at(w, Blocked), act: |w| on(w, "api", lead("backend"), give_to("backend/bea")),
        events: &["api resolved"], owed: "dev/backend/bea: start the next attempt" },
    Row { what: "whoever owns the blocker finds somebody elsewhere", key: "api", step: (Blocked, Assigned), actor: Holder,
        prepare: blocked_for_tech_lead, act: |w| on(w, "api", tech_lead(), give_to("qa/quinn")),
        events: &["api resolved"], owed: "dev/qa/quinn: start the next attempt" },
    Row { what: "a person names an IC", key: "api", step: (Blocked, Assigned), actor: Person,
        prepare: |w| trio_at(w, Blocked), act: |w| on(w, "api", person(), give_to("backend/bea")),
        events: &["api resolved"], owed: "dev/backend/bea: start the next attempt" },
    Row { what: "a lead names another IC meanwhile", key: "api", step: (Escalated, Assigned), actor: DomainLead,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", lead("backend"), give_to("backend/bea")),
        events: &["api resolved"], owed: "dev/backend/bea: start the next attempt" },
    Row { what: "the holder finds somebody in another domain", key: "api", step: (Escalated, Assigned), actor: Holder,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", tech_lead(), give_to("qa/quinn")),
        events: &["api resolved"], owed: "dev/qa/quinn: start the next attempt" },
    Row { what: "a person names an IC for an escalated task", key: "api", step: (Escalated, Assigned), actor: Person,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", person(), give_to("backend/ben")),
        events: &["api resolved"], owed: BEN_STARTS },
    Row { what: "a lead puts a blocked task back", key: "api", step: (Blocked, Pending), actor: DomainLead,
        prepare: |w| trio_at(w, Blocked), act: |w| on(w, "api", lead("backend"), release()),
        events: &["api resolved"], owed: LEAD_ASSIGNS },
    Row { what: "the tech lead does without what was cancelled", key: "docs", step: (Blocked, Pending), actor: Holder,
        prepare: |w| trio_at(w, Cancelled),
        act: |w| { let of = w.id("api");
            on(w, "docs", tech_lead(), TaskAction::DecideCancelled { of, decision: CancelledDecision::Waive }) },
        events: &["docs cancelled_decided", "docs resolved"], owed: LEAD_ASSIGNS },
    Row { what: "a person puts a blocked task back", key: "api", step: (Blocked, Pending), actor: Person,
        prepare: |w| trio_at(w, Blocked), act: |w| on(w, "api", person(), release()),
        events: &["api resolved"], owed: LEAD_ASSIGNS },
    Row { what: "a blocker is gone by itself", key: "api", step: (Blocked, Pending), actor: System,
        prepare: |w| trio_at(w, Blocked), act: |w| on(w, "api", system(), release()),
        events: &["api resolved"], owed: LEAD_ASSIGNS },
    Row { what: "a lead puts an escalated task back", key: "api", step: (Escalated, Pending), actor: DomainLead,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", lead("backend"), release()),
        events: &["api resolved"], owed: LEAD_ASSIGNS },
    Row { what: "the holder puts it back", key: "api", step: (Escalated, Pending), actor: Holder,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", tech_lead(), release()),
        events: &["api resolved"], owed: LEAD_ASSIGNS },
    Row { what: "a person puts it back", key: "api", step: (Escalated, Pending), actor: Person,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", person(), release()),
        events: &["api resolved"], owed: LEAD_ASSIGNS },
    Row { what: "an escalated blocker is gone by itself", key: "api", step: (Escalated, Pending), actor: System,
        prepare: |w| trio_at(w, Escalated), act: |w| on(w, "api", system(), release()),
        events: &["api resolved"], owed: LEAD_ASSIGNS },
    Row { what: "a peer approves", key: "api", step: (UnderReview, DomainReview), actor: Reviewer,
        prepare: |w| trio_at(w, UnderReview),
        act: |w| on(w, "api", ic("backend/bea"), TaskAction::Approve { basis: basis() }),
        events: &["api peer_approved"], owed: LEAD_AT_GATE },
    Row { what: "a lead stands in where there is no other IC", key: "page", step: (UnderReview, DomainReview), actor: Reviewer,
        prepare: |w| { w.instruct(Tier::Simple, &[("page", "frontend", &[])]);
            w.assign("page", "frontend/fay"); w.start("page"); w.hand_in("page"); },
        act: |w| on(w, "page", lead("frontend"), TaskAction::Approve { basis: basis() }),
        events: &["page peer_approved"], owed: "dev/frontend:lead: decide at the gate" },
    Row { what: "a holder approves in the peer's place", key: "api", step: (UnderReview, DomainReview), actor: Holder,
        prepare: |w| { trio_at(w, UnderReview); w.late("api", Level::DomainLead); },
        act: |w| on(w, "api", lead("backend"), TaskAction::Approve { basis: basis() }),
        events: &["api peer_approved"], owed: LEAD_AT_GATE },
    Row { what: "a peer wants changes", key: "api", step: (UnderReview, InProgress), actor: Reviewer,
        prepare: |w| trio_at(w, UnderReview),
        act: |w| { let action = w.changes(); on(w, "api", ic("backend/bea"), action) },
        events: &["api changes_requested"], owed: BEN_STARTS },
    Row { what: "a holder wants changes", key: "api", step: (UnderReview, InProgress), actor: Holder,
        prepare: |w| { trio_at(w, UnderReview); w.late("api", Level::TechLead); },
        act: |w| { let action = w.changes(); on(w, "api", tech_lead(), action) },
        events: &["api changes_requested"], owed: BEN_STARTS },
    Row { what: "a gate's holder wants changes", key: "api", step: (DomainReview, InProgress), actor: Reviewer,
        prepare: |w| trio_at(w, DomainReview),
        act: |w| { let action = w.changes(); on(w, "api", lead("backend"), action) },
        events: &["api changes_requested"], owed: BEN_STARTS },
    Row { what: "a holder wants changes at a gate", key: "api", step: (DomainReview, InProgress), actor: Holder,
        prepare: |w| { trio_at(w, DomainReview); w.late("api", Level::TechLead); },
        act: |w| { let action = w.changes(); on(w, "api", tech_lead(), action) },
        events: &["api changes_requested"], owed: BEN_STARTS },
    Row { what: "a milestone gets children that carry the findings", key: "m1", step: (DomainReview, InProgress), actor: Reviewer,
        prepare: milestone_reviewed,
        act: |w| { let children = vec![w.planned("c3", TaskKind::Tactical, "backend", &[])];
            let escalation = EscalationId::new(w.new_id());
            on(w, "m1", tech_lead(), TaskAction::RequestChanges { findings: finding(), children, escalation }) },
        events: &["m1 changes_requested"], owed: "waits for children c3" },
    Row { what: "the last gate is passed and another domain waits", key: "api", step: (DomainReview, ReadyForHandoff), actor: System,
        prepare: |w| trio_at(w, DomainReview),
        act: |w| on(w, "api", lead("backend"), TaskAction::PassGate { gate: Gate::DomainLead, basis: basis() }),
        events: &["api gate_passed", "api handoff_opened"], owed: HANDOFF_OWED },
    Row { what: "the last gate is passed and nobody else waits", key: "api", step: (DomainReview, Completed), actor: System,
        prepare: |w| { w.solo(); w.reach("api", DomainReview); },
        act: |w| on(w, "api", lead("backend"), TaskAction::PassGate { gate: Gate::DomainLead, basis: basis() }),
        events: &["api gate_passed", "api completed", "instruction go_no_go_reached"], owed: "" },
    Row { what: "the last receiver accepts", key: "api", step: (ReadyForHandoff, Completed), actor: ReceivingLead,
        prepare: |w| trio_at(w, ReadyForHandoff),
        act: |w| on(w, "api", lead("frontend"), TaskAction::AcceptHandoff {
            receiver: domain("frontend"), version: Round(1), basis: basis(), items: None }),
        events: &["api handoff_accepted", "api completed"], owed: "" },
    Row { what: "the last receiver is cancelled", key: "api", step: (ReadyForHandoff, Completed), actor: System,
        prepare: |w| trio_at(w, ReadyForHandoff),
        act: |w| on(w, "page", tech_lead(), TaskAction::Cancel { reason: why() }),
        events: &["page cancelled", "api completed"], owed: "" },
    Row { what: "a receiver sends the package back", key: "api", step: (ReadyForHandoff, InProgress), actor: ReceivingLead,
        prepare: |w| trio_at(w, ReadyForHandoff),
        act: |w| { let action = w.reject_handoff("frontend", 1); on(w, "api", lead("frontend"), action) },
        events: &["api handoff_rejected"], owed: BEN_STARTS },
];

#[rustfmt::skip]
const STAY_ROWS: &[Row] = &[
    Row { what: "an IC starts again", key: "api", step: (InProgress, InProgress), actor: Ic,
        prepare: |w| { trio_at(w, UnderReview); let changes = w.changes(); w.task_must(ic("backend/bea"), "api", changes); },
        act: |w| on(w, "api", ic("backend/ben"), TaskAction::StartAttempt),
        events: &["api attempt_started"], owed: BEN_ATTENDS },
    Row { what: "the system starts again", key: "api", step: (InProgress, InProgress), actor: System,
        prepare: |w| { trio_at(w, UnderReview); let changes = w.changes(); w.task_must(ic("backend/bea"), "api", changes); },
        act: |w| on(w, "api", system(), TaskAction::StartAttempt),
        events: &["api attempt_started"], owed: BEN_ATTENDS },
    Row { what: "an attempt gives a sign of life", key: "api", step: (InProgress, InProgress), actor: Ic,
        prepare: |w| trio_at(w, InProgress),
        act: |w| { let epoch = w.epoch("api");
            on(w, "api", ic("backend/ben"), TaskAction::Heartbeat { epoch, progress: Some((Some(40), "half".to_owned())) }) },
        events: &["api heartbeat"], owed: BEN_ATTENDS },
    Row { what: "an attempt fails for a passing reason", key: "api", step: (InProgress, InProgress), actor: Ic,
        prepare: |w| trio_at(w, InProgress),
        act: |w| { let epoch = w.epoch("api");
            on(w, "api", ic("backend/ben"), TaskAction::FailAttempt { epoch, failure: failure(FailureClass::Transient) }) },
        events: &["api attempt_failed"], owed: BEN_STARTS },
    Row { what: "an attempt is lost", key: "api", step: (InProgress, InProgress), actor: System,
        prepare: |w| trio_at(w, InProgress),
        act: |w| { let epoch = w.epoch("api");
            on(w, "api", system(), TaskAction::FailAttempt { epoch, failure: failure(FailureClass::Lost { restarted: true }) }) },
        events: &["api attempt_failed"], owed: BEN_STARTS },
    Row { what: "an attempt asks and waits", key: "api", step: (InProgress, InProgress), actor: Ic,
        prepare: |w| trio_at(w, InProgress),
        act: |w| { let epoch = Some(w.epoch("api")); let (_, action) = w.ask(epoch, Level::TechLead, true);
            on(w, "api", ic("backend/ben"), action) },
        events: &["api question_asked"], owed: "dev/backend/ben: see the running attempt through; dev:tech-lead: answer a question" },
    Row { what: "a peer asks", key: "api", step: (UnderReview, UnderReview), actor: Reviewer,
        prepare: |w| trio_at(w, UnderReview),
        act: |w| { let (_, action) = w.ask(None, Level::Person, true); on(w, "api", ic("backend/bea"), action) },
        events: &["api question_asked"], owed: "dev/backend/bea: review it; operator: answer a question" },
    Row { what: "a gate's holder asks", key: "api", step: (DomainReview, DomainReview), actor: Reviewer,
        prepare: |w| trio_at(w, DomainReview),
        act: |w| { let (_, action) = w.ask(None, Level::Person, true); on(w, "api", lead("backend"), action) },
        events: &["api question_asked"], owed: "dev/backend:lead: decide at the gate; operator: answer a question" },
    Row { what: "a lead names another peer", key: "api", step: (UnderReview, UnderReview), actor: DomainLead,
        prepare: |w| trio_at(w, UnderReview),
        act: |w| on(w, "api", lead("backend"), TaskAction::AssignReviewer { reviewer: Role::Ic(ic_id("qa/quinn")) }),
        events: &["api reviewer_assigned"], owed: "dev/qa/quinn: review it" },
    Row { what: "a holder names another holder of a gate", key: "api", step: (DomainReview, DomainReview), actor: Holder,
        prepare: |w| { trio_at(w, DomainReview); w.late("api", Level::TechLead); },
        act: |w| on(w, "api", tech_lead(), TaskAction::AssignReviewer { reviewer: Role::TechLead("dev".parse().expect("a name")) }),
        events: &["api reviewer_assigned"], owed: "dev:tech-lead: decide at the gate; dev:tech-lead: decide an escalation" },
    Row { what: "one of two gates is passed", key: "m1", step: (DomainReview, DomainReview), actor: Reviewer,
        prepare: milestone_reviewed,
        act: |w| on(w, "m1", tech_lead(), TaskAction::PassGate { gate: Gate::TechLead, basis: basis() }),
        // Backend's lead holds the architecture gate of this chart, and is the author of this milestone.
        events: &["m1 gate_passed", "m1 gate_skipped", "m1 gate_entered"], owed: "dev/qa:lead: decide at the gate" },
    Row { what: "a holder leaves a gate out", key: "m1", step: (DomainReview, DomainReview), actor: Holder,
        prepare: |w| { milestone_reviewed(w); w.late("m1", Level::EngineeringManager); },
        act: |w| on(w, "m1", manager(), TaskAction::SkipGate { gate: Gate::TechLead, reason: why() }),
        events: &["m1 gate_skipped", "m1 gate_skipped", "m1 gate_entered"], owed: "dev/qa:lead: decide at the gate" },
    Row { what: "one of two receivers accepts", key: "api", step: (ReadyForHandoff, ReadyForHandoff), actor: ReceivingLead,
        prepare: |w| { w.instruct(Tier::Moderate, &[("api", "backend", &[]), ("page", "frontend", &["api"]), ("tests", "qa", &["api"])]);
            w.reach("api", ReadyForHandoff); },
        act: |w| on(w, "api", lead("qa"), TaskAction::AcceptHandoff {
            receiver: domain("qa"), version: Round(1), basis: basis(), items: None }),
        events: &["api handoff_accepted"], owed: HANDOFF_OWED },
];

#[test]
fn every_legal_move_is_recorded_as_it_should_be_and_leaves_somebody_owing_the_next() {
    for row in MOVE_ROWS.iter().chain(STAY_ROWS) {
        let mut world = World::new();
        (row.prepare)(&mut world);
        assert_eq!(world.name(row.key), row.step.0, "before: {}", row.what);
        let (principal, action) = (row.act)(&mut world);
        let entries = world.must(principal, action);
        assert_eq!(world.labels(&entries), row.events, "events: {}", row.what);
        assert_eq!(world.name(row.key), row.step.1, "after: {}", row.what);
        assert_eq!(world.owed(row.key), row.owed, "owed: {}", row.what);
    }
}

#[test]
fn the_table_has_every_move_by_everybody_who_may_make_it_and_no_other() {
    let rows: BTreeSet<_> = MOVE_ROWS.iter().map(|row| (row.step, row.actor)).collect();
    for (from, to, who) in MOVES {
        for actor in *who {
            assert!(rows.contains(&((*from, *to), *actor)), "no row for {from} to {to} by {actor:?}");
        }
    }
    for ((from, to), actor) in rows {
        assert!(actors(from, to).contains(&actor), "{from} to {to} by {actor:?} is not in the lifecycle");
    }
}
