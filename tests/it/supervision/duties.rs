//! One panic, at every point that a full life passes through.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::charts;
use super::house::{House, until};
use super::probes::{Bomb, Kind, Point, Recorder};

/// Organisations at work at the same time: they wait for disks and clocks most of the time.
const SIDE_BY_SIDE: usize = 12;

/// What each kind of actor does in a full life. Runs speak for whom they are for.
const DUTIES: &[(Kind, &[&str])] = &[
    (Kind::Organisation, &["release"]),
    (
        Kind::Manager,
        &[
            "triage",
            "approve the plan",
            "decide go or no-go",
            "escalate",
            "acknowledge an escalation",
            "raise an escalation",
        ],
    ),
    (
        Kind::TechLead,
        &["plan", "decide about a cancelled task", "escalate", "acknowledge an escalation", "raise an escalation"],
    ),
    (
        Kind::Lead,
        &[
            "assign",
            "resolve",
            "approve",
            "pass a gate",
            "accept a handoff",
            "escalate",
            "acknowledge an escalation",
            "raise an escalation",
            "run a review",
        ],
    ),
    (
        Kind::Ic,
        &[
            "start an attempt",
            "run an attempt",
            "hand in",
            "fail the attempt",
            "block",
            "ask a question",
            "run a review",
            "request changes",
            "approve",
            "raise an escalation",
            "acknowledge",
        ],
    ),
];

fn expected() -> BTreeSet<Point> {
    let mut points = BTreeSet::new();
    for (kind, duties) in DUTIES {
        for what in *duties {
            for after in [false, true] {
                points.insert(Point { kind: *kind, after, what: (*what).to_owned() });
            }
        }
    }
    points
}

async fn live(house: &House) {
    let id = house.submit(None).await;
    let history = house.follow(id, |_, _| {}).await;
    history.happened_once();
    assert_eq!(history.completed(), BTreeSet::from(["make", "verify", "run", "ask", "flaky"]));
    house.programs_ran_once();
    house.is_alive().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_life_passes_through_every_duty_of_every_kind_of_actor() {
    let recorder = Arc::new(Recorder::default());
    let house = House::open(charts::lab, recorder.clone()).await;
    live(&house).await;
    until("the manager is through", || recorder.passed().len() >= expected().len()).await;
    house.close().await;
    assert_eq!(recorder.passed(), expected());
}

/// What is done again and again in a full life, and so can be hit later as well.
const REPEATED: &[(Kind, &str)] = &[
    (Kind::Lead, "assign"),
    (Kind::Lead, "pass a gate"),
    (Kind::Ic, "start an attempt"),
    (Kind::Ic, "run an attempt"),
    (Kind::Ic, "hand in"),
    (Kind::Ic, "fail the attempt"),
];

/// Has one actor panic once in each of these organisations, at this point after it was passed so many times.
async fn all_survive(plan: Vec<(Point, usize)>) {
    let room = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut organisations = JoinSet::new();
    for (point, spared) in plan {
        let room = Arc::clone(&room);
        organisations.spawn(async move {
            let _place = room.acquire().await.expect("nobody closes it");
            let name = format!("{point}, after {spared} times");
            let bomb = Arc::new(Bomb::at(point, 1).sparing(spared));
            let lived = tokio::spawn(async move {
                let house = House::open(charts::lab, bomb.clone()).await;
                live(&house).await;
                until("the point is reached", || bomb.fired() == 1).await;
                house.close().await;
            });
            lived.await.err().map(|_| name)
        });
    }
    let failed: Vec<String> = organisations.join_all().await.into_iter().flatten().collect();
    assert_eq!(failed, Vec::<String>::new(), "work was lost or doubled by a panic at these points");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_at_any_point_neither_loses_nor_doubles_work() {
    all_survive(expected().into_iter().map(|point| (point, 0)).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_the_middle_of_a_life_neither_loses_nor_doubles_work() {
    let mut plan = Vec::new();
    for (kind, what) in REPEATED {
        for (after, spared) in [(false, 1), (true, 1), (false, 2), (true, 2)] {
            plan.push((Point { kind: *kind, after, what: (*what).to_owned() }, spared));
        }
    }
    all_survive(plan).await;
}
