//! Milestones at which a risky plan stops: who says go, and on what.

use echelon::domain::command::TaskAction;
use echelon::domain::id::{EscalationId, InstructionId};
use echelon::domain::instruction::Request;
use echelon::domain::risk::Risk;
use echelon::domain::role::Level;
use echelon::domain::task::{Checkpoint, Trouble};
use echelon::domain::time::Effort;
use echelon::domain::work::Tier;

use super::stage::{Step, request};
use crate::lifecycle::world::{World, blocker, lead, manager, person, system};

const PLAN: &[Step<'_>] = &[
    ("m1", "backend", &[], 8.0),
    ("m2", "frontend", &["m1"], 8.0),
    ("m3", "qa", &[], 4.0),
    ("m4", "backend", &[], 4.0),
    ("m5", "backend", &[], 4.0),
];

/// A risky plan that stops at `m3`, and at nothing else.
fn risky(world: &mut World, budget: Option<f64>) -> InstructionId {
    let asked = Request { budget: budget.map(Effort::from_hours), ..request() };
    let id = world.planned_with(Tier::Complex, asked, "", PLAN, |plan| {
        plan.risk = Risk { technical_complexity: 10, scope_ambiguity: 10, ..Risk::default() };
        plan.risk.external_dependencies = 4;
        plan.tasks[2].checkpoint = true;
    });
    world.managers_decide_until_it_runs(id);
    id
}

impl World {
    /// Approved and begun, and nothing else decided yet.
    fn managers_decide_until_it_runs(&mut self, id: InstructionId) {
        let approve = echelon::domain::command::InstructionAction::ApprovePlan { review: Vec::new() };
        self.do_(person(), id, approve);
        self.organisation_decides();
        assert_eq!(self.course(id), "runs");
    }
}

#[test]
fn the_manager_says_go_where_the_facts_speak_for_it_and_asks_a_person_where_they_do_not() {
    type Case = (&'static str, Option<f64>, fn(&mut World), Result<&'static str, &'static str>);
    let table: &[Case] = &[
        ("nothing speaks against it", None, |_| {}, Ok("0 milestones before it done, nothing blocked or escalated")),
        (
            "within its budget",
            Some(28.0),
            |_| {},
            Ok("0 milestones before it done, nothing blocked or escalated, 0 h of the 28 h"),
        ),
        ("over its budget", Some(27.0), |_| {}, Err("0 h of work are spent and 28 h are left, and it may cost 27 h")),
        (
            "something of it is blocked",
            None,
            |world| {
                let action = TaskAction::Block { epoch: None, blocker: blocker(Level::TechLead) };
                drop(world.task_must(lead("backend"), "m4", action));
            },
            Err("blocked: m4"),
        ),
        (
            "something of it is late",
            None,
            |world| {
                let id = EscalationId::new(world.new_id());
                let (trouble, level) = (Trouble::Late, Level::TechLead);
                let action = TaskAction::RaiseEscalation { id, trouble, level, reason: "late".to_owned() };
                drop(world.task_must(system(), "m5", action));
            },
            Err("escalated and not decided: m5"),
        ),
    ];
    for (case, budget, change, expected) in table {
        let mut world = World::new();
        risky(&mut world, *budget);
        change(&mut world);
        assert_eq!(world.task("m3").checkpoint, Some(Checkpoint::Stopped), "{case}");
        let entries = world.turn(&echelon::domain::role::Role::EngineeringManager("dev".parse().expect("a name")));
        let said = entries.iter().find_map(|entry| match &entry.event {
            echelon::domain::event::Event::Task(_, echelon::domain::event::TaskEvent::WentAhead { reason }) => {
                Some(Ok(reason.clone()))
            }
            echelon::domain::event::Event::Task(_, echelon::domain::event::TaskEvent::GoAheadAsked { reason }) => {
                Some(Err(reason.clone()))
            }
            _other => None,
        });
        match (said, expected) {
            (Some(Ok(said)), Ok(expected)) => assert!(said.starts_with(expected), "{case}: {said}"),
            (Some(Err(said)), Err(expected)) => assert_eq!(said, *expected, "{case}"),
            (other, _) => panic!("{case}: {other:?}"),
        }
        let passes = world.task("m3").checkpoint == Some(Checkpoint::Passed);
        assert_eq!(passes, expected.is_ok(), "{case}");
        if !passes {
            assert_eq!(world.managers_decide(), [], "{case}: it waits for the person");
            world.refused(manager(), "m3", TaskAction::GoAhead { reason: "it will do".to_owned() });
            world.task_must(person(), "m3", TaskAction::GoAhead { reason: "it will do".to_owned() });
            assert_eq!(world.task("m3").checkpoint, Some(Checkpoint::Passed), "{case}");
        }
    }
}
