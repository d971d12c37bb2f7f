//! What must always hold in a simulation: sound runs are never found fault with, and every fault that is planted is found,
//! by the invariant it breaks and at the event that breaks it.

mod planted;

use echelon::config;
use echelon::domain::evolve::evolve;
use echelon::domain::id::Sequence;
use echelon::domain::instruction::Request;
use echelon::domain::org::Chart;
use echelon::domain::state::State;
use echelon::domain::time::Millis;
use echelon::domain::work::Priority;
use echelon::domain::workflow::{ForEach, Workflow};
use echelon::ledger::Group;
use echelon::sim::{Checks, Violation};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use std::path::Path;

use crate::lifecycle::world::World;
use crate::stage::Stage;
use crate::support::inside;

/// Longer than anything here takes, of the organisation's time.
const LONGEST: Millis = Millis::from_hours(24 * 90);

/// Follows a world that is over with the checks of a simulation. Everybody looks when they are told to.
#[track_caller]
pub(crate) fn find_nothing_in(world: &World) {
    if let Err(violation) = follow(world) {
        let last = usize::try_from(violation.sequence.0).expect("a journal of a test is short");
        let story = world.labels(&world.entries[last.saturating_sub(12)..last.min(world.entries.len())]);
        panic!("{violation}\n{}", story.join("\n"));
    }
}

fn follow(world: &World) -> Result<(), Violation> {
    let (mut state, mut checks) = (State::default(), Checks::new(None));
    let mut entries = world.entries.iter().cloned();
    for (command, result) in &world.commands {
        let result = result.clone().map(|count| entries.by_ref().take(count).collect::<Vec<_>>());
        result.iter().flatten().for_each(|entry| evolve(&mut state, entry));
        let group = Group { results: vec![result], stirred: state.take_stirred(), archived: state.take_archived() };
        checks.take(std::slice::from_ref(command), &group, &state)?;
        group.stirred.iter().for_each(|role| checks.looked(role));
        // Nobody here has an actor, and those who owe something new are woken one by one elsewhere.
        checks.restarted();
    }
    checks.end(&state)
}

/// Whether its plan depends on files, which there are none of on the stage.
fn looks_at_files(workflow: &Workflow) -> bool {
    workflow.steps().any(|step| matches!(step.for_each, Some(ForEach::Glob(_))))
}

/// Something that the chart can be asked for, by chance.
fn anything(chart: &Chart, chance: &mut StdRng) -> Request {
    let workflows: Vec<&Workflow> = chart.workflows.values().filter(|workflow| !looks_at_files(workflow)).collect();
    let workflow = workflows.choose(chance).expect("a chart that ships has workflows");
    let tiers: Vec<_> = workflow.tiers().collect();
    let priorities = [Priority::Low, Priority::Normal, Priority::High];
    Request {
        tier: tiers.choose(chance).copied(),
        priority: *priorities.choose(chance).expect("there are three"),
        ..asked(workflow)
    }
}

/// What a workflow is asked for by, with all that it wants to know.
fn asked(workflow: &Workflow) -> Request {
    let brief = workflow.brief.iter().map(|(field, question)| (field.clone(), format!("An answer to: {question}")));
    Request {
        brief: brief.collect(),
        department: Some(workflow.department.clone()),
        work_type: Some(workflow.work_type.clone()),
        repository: workflow.needs_repository.then(|| "/a/repository".to_owned()),
        ..inside::request("Do what there is to do")
    }
}

#[test]
fn sound_runs_of_the_charts_that_ship_are_never_found_fault_with() {
    for name in ["software.toml", "company.toml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("org").join(name);
        let chart = config::load(&path).expect("the chart that ships is sound");
        for seed in 0..3 {
            let mut chance = StdRng::seed_from_u64(seed);
            let mut stage = Stage::open(name);
            let ids: Vec<_> = (0..6).map(|_| stage.submit(anything(&chart, &mut chance))).collect();
            stage.play(LONGEST);
            assert!(ids.iter().any(|id| stage.ended(*id).is_some()), "{name}, seed {seed}\n{}", stage.story());
        }
    }
}

#[test]
fn a_violation_says_what_does_not_hold_where_and_since_when() {
    let invariant = echelon::sim::checks::invariant::LIVENESS;
    let mut found = Violation { invariant, sequence: Sequence(9), since: None, detail: "nobody owes it".to_owned() };
    let exact = format!("at event 9, this does not hold: {invariant}: nobody owes it");
    assert_eq!(found.to_string(), exact);
    found.since = Some(Sequence(4));
    let between = format!("at event 9 or between event 4 and it, this does not hold: {invariant}: nobody owes it");
    assert_eq!(found.to_string(), between);
}
