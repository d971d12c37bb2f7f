//! Planning at sizes no organisation should have: a lead's turn over very many tasks and ICs, and plans with very many
//! dependencies.
//!
//! `cargo bench --bench planning`; `benches/README.md` says what the figures mean.

mod house;

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use echelon::domain::command::{Action, Command};
use echelon::domain::decide::execute;
use echelon::domain::plan::{Plan, Source, check_plan};
use echelon::domain::policy::{Move, moves};
use echelon::domain::role::{Principal, Role};
use echelon::domain::schedule;
use echelon::domain::state::State;
use echelon::domain::work::Tier;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use self::house::{Counter, at, department, domain, graph, organisation, pending};

/// Tasks and ICs; each size twice the one before.
const TURNS: [(usize, usize); 3] = [(2_500, 250), (5_000, 500), (10_000, 1_000)];

/// Tasks and dependencies of a plan.
const PLANS: [(usize, usize); 3] = [(250, 1_250), (500, 2_500), (1_000, 5_000)];

/// How often what is over at once is done, to be measured.
const TIMES: u32 = 20;

fn main() {
    // `cargo test --benches` only wants to know that this builds and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    say("a lead's turn, in microseconds a task");
    say(" tasks    ICs   assigning   one sort   ratio   recording   first wait   later wait");
    let lines: Vec<[f64; 4]> = TURNS.iter().map(|(tasks, ics)| turn(*tasks, *ics)).collect();
    growth(&lines, &["assigning", "recording", "first wait", "later wait"]);
    say("\na plan, in milliseconds");
    say(" tasks   dependencies   checking   critical path");
    let lines: Vec<[f64; 2]> = PLANS.iter().map(|(tasks, needs)| plan(*tasks, *needs)).collect();
    growth(&lines, &["checking", "critical path"]);
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").expect("standard output can be written");
}

/// By how much each column grows when the size is doubled.
fn growth<const N: usize>(lines: &[[f64; N]], names: &[&str; N]) {
    for (column, name) in names.iter().enumerate() {
        let ratios: Vec<String> =
            lines.windows(2).map(|pair| format!("{:.2}", pair[1][column] / pair[0][column])).collect();
        say(&format!("{name}: x {} a doubling", ratios.join(", x ")));
    }
}

fn micros(span: Duration, count: usize) -> f64 {
    span.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).expect("it is small"))
}

/// What the lead of one domain does about `tasks` tasks with `ics` ICs: everything is assigned in one turn; then as much
/// again comes, and nobody has the time.
fn turn(tasks: usize, ics: usize) -> [f64; 4] {
    let mut ids = Counter::default();
    let mut state = organisation(ics);
    pending(&mut state, tasks, 2.0, &mut ids);
    let lead = Role::DomainLead(domain());
    let (assigning, decided) = timed(|| moves(&state, &lead, at(1), &mut Counter::default()));
    let sort = sort_of(ics);
    let (recording, assigned) = timed(|| commit(&mut state, decided, &lead));
    assert_eq!(assigned, tasks, "everybody is given something");
    // Ten tasks of two hours are 83 % of three days of eight; one more fills them.
    pending(&mut state, ics, 3.0, &mut ids);
    let filled = moves(&state, &lead, at(1), &mut Counter::default());
    commit(&mut state, filled, &lead);
    pending(&mut state, tasks, 2.0, &mut ids);
    let (first, decided) = timed(|| moves(&state, &lead, at(1), &mut Counter::default()));
    commit(&mut state, decided, &lead);
    assert!(state.waiting(&domain()).count() >= tasks, "nobody has the time");
    let (later, decided) = timed(|| moves(&state, &lead, at(1), &mut Counter::default()));
    assert!(decided.is_empty(), "{:?}", decided.first());
    let line = [assigning, recording, first, later].map(|span| micros(span, tasks));
    let [assigning, recording, first, later] = line;
    let ratio = assigning / sort;
    say(&format!(
        "{tasks:>6} {ics:>6} {assigning:>11.1} {sort:>10.1} {ratio:>7.2} {recording:>11.1} {first:>12.2} {later:>12.2}"
    ));
    line
}

fn timed<T>(what: impl FnOnce() -> T) -> (Duration, T) {
    let begin = Instant::now();
    let found = black_box(what());
    (begin.elapsed(), found)
}

/// Makes moves part of the state, and says how many assignments were among them.
fn commit(state: &mut State, decided: Vec<Move>, lead: &Role) -> usize {
    let mut assigned = 0;
    for next in decided {
        let Move::Commit(action) = next else {
            continue;
        };
        let is_assignment = matches!(&action, Action::Task(_, one) if one.name() == "assign");
        let command = Command { at: at(1), principal: Principal::role(lead.clone()), action };
        execute(state, &command).expect("policy asks for what is legal");
        assigned += usize::from(is_assignment);
    }
    state.take_stirred();
    state.take_changed();
    assigned
}

/// Microseconds that it takes to put as many candidates into the order of their scores.
fn sort_of(ics: usize) -> f64 {
    let mut random = StdRng::seed_from_u64(7);
    let scores: Vec<(f64, usize)> = (0..ics).map(|place| (random.random::<f64>(), place)).collect();
    let (span, ()) = timed(|| {
        for _ in 0..TIMES * 10 {
            let mut sorted = black_box(scores.clone());
            sorted.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            black_box(sorted);
        }
    });
    span.as_secs_f64() * 1e6 / f64::from(TIMES * 10)
}

/// What checking a plan costs, and the schedule of an instruction that runs by it.
fn plan(tasks: usize, needs: usize) -> [f64; 2] {
    let mut ids = Counter::default();
    let mut state = organisation(10);
    let found = Plan::of_tasks(Source::File, graph(tasks, needs, &mut ids));
    let (checking, ()) = timed(|| {
        for _ in 0..TIMES {
            // It is far beyond the size of any tier, which is all that is wrong with it.
            let faults = check_plan(&state, &department(), Tier::Moderate, &found).expect_err("it is too large");
            assert!(!faults.contains(';'), "{faults}");
        }
    });
    let id = house::run_by(&mut state, found, &mut ids);
    let (path, ()) = timed(|| {
        for _ in 0..TIMES {
            black_box(schedule::schedule(&state, &state.instructions[&id]));
        }
    });
    let line = [checking, path].map(|span| span.as_secs_f64() * 1e3 / f64::from(TIMES));
    say(&format!("{tasks:>6} {needs:>14} {:>10.3} {:>15.3}", line[0], line[1]));
    line
}
