//! Any sequence of commands and restarts.

use echelon::domain::command::{Action, InstructionAction};
use echelon::domain::id::InstructionId;
use echelon::domain::reaction::liveness_faults;
use echelon::domain::task::FailureClass;
use echelon::ledger::{Ledger, replay};
use echelon::store::MemoryStore;
use proptest::prelude::*;

use super::office::{Attempts, Company, chart, request, smaller_chart, whole};

/// Sequences that are tried. Each takes some hundredths of a second.
const CASES: u32 = 32;

/// Steps of a sequence, at most: enough for several instructions to live from end to end.
const STEPS: usize = 60;

#[derive(Clone, Debug)]
enum Step {
    Submit { full: bool, key: Option<u8> },
    Work(Attempts),
    Cancel(usize),
    CancelTask(usize),
    Pause(usize),
    Resume(usize),
    Chart { smaller: bool },
    Snapshot,
    Restart,
}

fn attempts() -> impl Strategy<Value = Attempts> {
    prop_oneof![
        6 => Just(Attempts::Succeed),
        3 => Just(Attempts::GoOn),
        1 => Just(Attempts::Fail(FailureClass::Transient)),
        1 => Just(Attempts::Fail(FailureClass::Permanent)),
        1 => Just(Attempts::Fail(FailureClass::Lost { restarted: true })),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), prop::option::of(0_u8..4)).prop_map(|(full, key)| Step::Submit { full, key }),
        12 => attempts().prop_map(Step::Work),
        1 => any::<usize>().prop_map(Step::Cancel),
        2 => any::<usize>().prop_map(Step::CancelTask),
        1 => any::<usize>().prop_map(Step::Pause),
        1 => any::<usize>().prop_map(Step::Resume),
        1 => any::<bool>().prop_map(|smaller| Step::Chart { smaller }),
        2 => Just(Step::Snapshot),
        3 => Just(Step::Restart),
    ]
}

fn open(content: &MemoryStore) -> Ledger {
    Ledger::open(Box::new(content.clone())).expect("what was written can be read").0
}

/// Picks an instruction that is at work, if there is one.
fn pick(ledger: &Ledger, which: usize) -> Option<InstructionId> {
    let open = &ledger.state().instructions;
    open.keys().nth(which.checked_rem(open.len())?).copied()
}

/// Does one step. Whether it is legal at this point does not matter: what is refused changes nothing.
fn take(step: &Step, company: &mut Company, ledger: &mut Ledger) {
    match step {
        Step::Submit { full, key } => {
            let key = key.map(|key| format!("key-{key}"));
            let request = request(if *full { "full" } else { "quick" }, "do it", key.as_deref());
            let id = company.ids.instruction();
            let _may_be_refused = company.ask(ledger, Action::Submit { id, request });
        }
        Step::Work(attempts) => drop(company.work(ledger, *attempts)),
        Step::Cancel(which) => {
            if let Some(id) = pick(ledger, *which) {
                company.cancel(ledger, id).expect("an instruction that is not over can be cancelled");
            }
        }
        Step::CancelTask(which) => {
            let tasks = &ledger.state().tasks;
            let place = which.checked_rem(tasks.len());
            if let Some(id) = place.and_then(|place| tasks.keys().nth(place)).copied() {
                let _may_be_over = company.cancel_task(ledger, id);
            }
        }
        Step::Pause(which) => {
            if let Some(id) = pick(ledger, *which) {
                let reason = "not now".to_owned();
                let _may_be_paused =
                    company.ask(ledger, Action::Instruction(id, InstructionAction::Pause { reason, until: None }));
            }
        }
        Step::Resume(which) => {
            if let Some(id) = pick(ledger, *which) {
                let _may_run = company.ask(ledger, Action::Instruction(id, InstructionAction::Resume));
            }
        }
        Step::Chart { smaller } => company.apply(ledger, if *smaller { smaller_chart() } else { chart() }),
        Step::Snapshot => ledger.write_snapshots().expect("memory takes it"),
        Step::Restart => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_at_any_point_changes_nothing(steps in prop::collection::vec(step(), 1..STEPS)) {
        let content = MemoryStore::new();
        let mut company = Company::new();
        let mut ledger = open(&content);
        company.apply(&mut ledger, chart());
        for step in steps.iter().chain([&Step::Restart]) {
            take(step, &mut company, &mut ledger);
            if matches!(step, Step::Restart) {
                let before = whole(ledger.state());
                drop(ledger);
                ledger = open(&content);
                prop_assert_eq!(&whole(ledger.state()), &before);
                let replayed = replay(ledger.reader().as_ref()).expect("the journal can be read");
                prop_assert_eq!(&whole(&replayed), &before);
            }
            prop_assert_eq!(liveness_faults(ledger.state()), Vec::<String>::new());
        }
        for archived in &company.archived {
            let found = ledger.archived(archived.instruction.id).expect("memory can be read");
            prop_assert_eq!(found.as_ref(), Some(archived));
        }
    }
}
