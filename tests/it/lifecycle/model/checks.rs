//! What must hold after every command.

use std::collections::{BTreeMap, BTreeSet};

use echelon::domain::alarm;
use echelon::domain::capacity::remaining;
use echelon::domain::consequence::gates_are_in_order;
use echelon::domain::event::{Entry, Event, InstructionEvent, TaskEvent};
use echelon::domain::evolve::evolve;
use echelon::domain::learning::pace;
use echelon::domain::reaction::liveness_faults;
use echelon::domain::role::{Asker, Level, Role};
use echelon::domain::state::{Load, State};
use echelon::domain::task::{Attempt, State as TaskState, StateName, Task};

use crate::lifecycle::facts::{Actor, actors};
use crate::lifecycle::world::{ICS, World, ic_id, picture};

/// Follows a world entry by entry in a state of its own.
pub(super) struct Observer {
    shadow: State,
    seen: usize,
    /// The moves that happened.
    pub(super) moves: BTreeSet<(StateName, StateName)>,
    /// What happened to instructions, and what they waited for.
    pub(super) fates: BTreeSet<String>,
}

impl Observer {
    pub(super) fn new() -> Self {
        Self { shadow: State::default(), seen: 0, moves: BTreeSet::new(), fates: BTreeSet::new() }
    }

    /// Looks at what is new, and at the whole.
    pub(super) fn see(&mut self, world: &World) {
        for entry in &world.entries[self.seen..] {
            self.follow(entry);
        }
        self.seen = world.entries.len();
        let faults = liveness_faults(&world.state);
        assert!(faults.is_empty(), "{faults:#?}\n{}", last(world));
        for task in world.state.tasks.values() {
            holds_for(&world.state, task, world);
        }
        loads_add_up(&world.state);
    }

    fn follow(&mut self, entry: &Entry) {
        if let Event::Instruction(_, event) = &entry.event {
            self.fates.insert(match event {
                InstructionEvent::Held(hold) => format!("held: {:?}", hold.kind),
                InstructionEvent::Arbitrated { first, .. } => format!("first: {first}"),
                other => format!("{other:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
            });
        }
        let task = |state: &State| entry.event.task().and_then(|id| state.tasks.get(&id).cloned());
        let before = task(&self.shadow);
        if let (Some(before), Event::Task(_, event)) = (&before, &entry.event) {
            may_happen(&self.shadow, before, event, entry);
        }
        evolve(&mut self.shadow, entry);
        let (Some(before), Some(id)) = (before, entry.event.task()) else {
            return;
        };
        let after = self.shadow.tasks.get(&id).map_or_else(
            || self.shadow.finished_tasks.get(&id).expect("a task never vanishes").state,
            |task| task.state.name(),
        );
        let from = before.state.name();
        if from == after {
            return;
        }
        self.moves.insert((from, after));
        let who = actors(from, after);
        assert!(!who.is_empty(), "{from} to {after} is not in the lifecycle: {entry:?}");
        if entry.principal.asker == Asker::System {
            // The end of the last acceptance is recorded by the ledger itself.
            assert!(who.contains(&Actor::System), "{from} to {after} is not the system's: {entry:?}");
        } else {
            assert!(who != [Actor::System], "{from} to {after} is only the system's: {entry:?}");
        }
    }

    /// The state from the journal alone is the live one, with its indexes.
    pub(super) fn replay(&self, world: &World) {
        let mut state = State::default();
        for entry in &world.entries {
            assert_eq!(entry.sequence, state.sequence.next());
            evolve(&mut state, entry);
        }
        assert_eq!(picture(&state), picture(&world.state));
        assert_eq!(picture(&self.shadow), picture(&world.state));
    }
}

fn last(world: &World) -> String {
    let from = world.entries.len().saturating_sub(12);
    world.labels(&world.entries[from..]).join("\n")
}

/// What must be so for an event to happen to a task.
fn may_happen(state: &State, task: &Task, event: &TaskEvent, entry: &Entry) {
    let author_asks = task.state.assignee().is_some_and(|author| entry.principal.asker == Asker::Role(author.role()));
    match event {
        TaskEvent::AttemptStarted { epoch, .. } => {
            assert!(*epoch > task.epoch, "epochs grow: {entry:?}");
            assert_eq!(task.running_epoch(), None, "one attempt at a time: {entry:?}");
            assert!(state.is_ready(task), "what a task needs is there when it starts: {entry:?}");
        }
        TaskEvent::ReviewBegun { .. } => {
            let open = task.children.iter().any(|child| !state.tasks[child].state.is_terminal());
            assert!(!open, "children end before their parent is reviewed: {entry:?}");
            assert_eq!(state.cancelled_child(task), None, "cancelled children are decided on: {entry:?}");
        }
        TaskEvent::PeerApproved { .. } | TaskEvent::GatePassed { .. } | TaskEvent::ChangesRequested { .. } => {
            assert!(!author_asks, "nobody reviews their own work: {entry:?}");
        }
        TaskEvent::Completed => assert!(gates_are_in_order(task), "gates are in order: {:?}", task.gates),
        TaskEvent::ClockFired { mark, .. } => {
            let due = alarm::due(state, task, *mark).expect("a clock runs in the state");
            assert!(due <= entry.at.org, "early: {entry:?}");
            assert!(!task.clock.fired.contains(mark), "twice in a visit: {entry:?}");
            assert_eq!(task.clock.stopped, None, "a clock that stands still fires: {entry:?}");
        }
        TaskEvent::Stalled { .. } => {
            assert!(task.clock.evidence.plus(state.chart.sla.heartbeat) <= entry.at.org, "early: {entry:?}");
            assert!(task.running_epoch().is_some() && !task.clock.stalled, "once: {entry:?}");
        }
        TaskEvent::DelegationSentAgain => {
            let given = task.delegation.as_ref().expect("somebody was given it");
            assert!(!given.sent_again && given.acknowledged.is_none() && given.acknowledge_by <= entry.at.org);
        }
        TaskEvent::ForecastPassed => assert!(task.clock.forecast.is_some_and(|until| until <= entry.at.org)),
        TaskEvent::QuestionClimbed { id, to, .. } => {
            let question = &task.questions[id];
            assert!(question.due <= entry.at.org && *to > question.to, "each level once: {entry:?}");
        }
        TaskEvent::EscalationClimbed { id, to, .. } => {
            let level = task.escalations[id].level;
            assert!(to.level > level || level == Level::Person, "{level}, then: {entry:?}");
        }
        TaskEvent::EscalationRaised { trouble, .. } => {
            assert_eq!(task.escalation_for(*trouble), None, "one escalation for a trouble: {entry:?}");
        }
        _others => {}
    }
}

fn holds_for(state: &State, task: &Task, world: &World) {
    if let TaskState::UnderReview { author, reviewer } | TaskState::DomainReview { author, reviewer, .. } = &task.state
    {
        assert_ne!(author.role(), *reviewer, "{}\n{}", task.id, last(world));
    }
    let troubles: BTreeSet<_> = task.escalations.values().map(|record| record.trouble).collect();
    assert_eq!(troubles.len(), task.escalations.len(), "one escalation for a trouble\n{}", last(world));
    for record in task.escalations.values() {
        let levels: Vec<Level> = record.turns.iter().map(|turn| turn.level).chain([record.level]).collect();
        assert!(levels.is_sorted_by(|a, b| a < b || *a == Level::Person), "{levels:?}\n{}", last(world));
    }
    if task.state.is_terminal() {
        assert!(task.escalations.is_empty() && task.questions.is_empty());
    }
    if task.parent.is_some_and(|parent| matches!(state.tasks[&parent].state.name(), StateName::Completed)) {
        assert!(task.state.is_terminal(), "a completed parent has no open child");
    }
    let instruction = &state.instructions[&task.instruction];
    assert_eq!(instruction.open.contains(&task.id), !task.state.is_terminal());
    for need in &task.needs {
        assert!(state.tasks[need].dependants.contains(&task.id), "both ends know of a dependency");
    }
}

/// What each IC has on their desk is the sum over all tasks.
fn loads_add_up(state: &State) {
    let mut sums: BTreeMap<_, Load> = ICS.iter().map(|name| (ic_id(name), Load::default())).collect();
    for task in state.tasks.values() {
        let (ic, add) = match &task.state {
            TaskState::Assigned { assignee } | TaskState::InProgress { assignee, .. } => {
                let running =
                    u32::from(matches!(task.state, TaskState::InProgress { attempt: Attempt::Running { .. }, .. }));
                let history = assignee.ic().map_or(&[][..], |ic| state.history_of(ic));
                let committed = remaining(task, pace(history, &task.work));
                (assignee.ic(), Load { committed, tasks: 1, running, reviews: 0 })
            }
            TaskState::UnderReview { reviewer: Role::Ic(ic), .. } => (Some(ic), Load { reviews: 1, ..Load::default() }),
            _others => (None, Load::default()),
        };
        if let Some(ic) = ic {
            let sum = sums.entry(ic.clone()).or_default();
            sum.committed = sum.committed.plus(add.committed);
            sum.tasks += add.tasks;
            sum.running += add.running;
            sum.reviews += add.reviews;
        }
    }
    for (ic, sum) in sums {
        assert_eq!(state.load(&ic), sum, "{ic}");
    }
}
