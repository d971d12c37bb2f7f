//! What leads and tech leads do about how full everybody is.

use echelon::domain::capacity::Band;
use echelon::domain::command::{Action, TaskAction};
use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::id::IcId;
use echelon::domain::work::{Priority, Tier};
use proptest::prelude::{any, prop, prop_assert, proptest};

use super::world::{World, domain, operator};

const NORMAL: Priority = Priority::Normal;

/// Tasks of these hours in backend, named `t0` and so on, all given to ben.
fn on_the_desk_of_ben(ics: &[&str], hours: &[f64]) -> World {
    let mut world = World::new(ics);
    world.works = false;
    for (number, hours) in hours.iter().enumerate() {
        let key = format!("t{number}");
        world.instruct(Tier::Simple, NORMAL, &[(&key, "backend", *hours)]);
        world.assign(&key, "backend/ben");
        world.millis += 1_000;
    }
    world
}

fn bands(world: &World, name: &str) -> Vec<(Band, u32)> {
    let said = |event: &Event| match event {
        Event::CapacityNoted { domain: of, band, percent } if *of == domain(name) => Some((*band, *percent)),
        _other => None,
    };
    world.events().filter_map(said).collect()
}

#[test]
fn whoever_has_over_110_percent_gives_the_latest_away_until_they_have_not() {
    let two = &["backend/bea", "backend/ben"][..];
    // Hours of ben's tasks in the order in which he got them, and what he has in the end.
    type Case<'a> = (&'a str, &'a [&'a str], &'a [f64], &'a [usize]);
    let table: [Case<'_>; 6] = [
        ("up to 110 % is kept", two, &[8.0, 8.0, 8.0, 2.4], &[0, 1, 2, 3]),
        ("the latest goes", two, &[8.0, 8.0, 8.0, 8.0], &[0, 1, 2]),
        ("until it is enough", two, &[8.0, 8.0, 8.0, 8.0, 8.0], &[0, 1, 2]),
        ("what would only change places stays", two, &[30.0], &[0]),
        ("what is too large goes where there is more room", two, &[4.0, 30.0], &[0]),
        ("nobody else", &["backend/ben"], &[8.0, 8.0, 8.0, 8.0], &[0, 1, 2, 3]),
    ];
    for (case, ics, hours, kept) in table {
        let mut world = on_the_desk_of_ben(ics, hours);
        world.settle();
        let keeps: Vec<usize> =
            (0..hours.len()).filter(|n| world.has(&format!("t{n}")).as_deref() == Some("backend/ben")).collect();
        assert_eq!(keeps, kept, "{case}");
        world.check_restart();
    }
}

#[test]
fn what_is_less_urgent_goes_first_and_the_reason_has_the_figures() {
    let mut world = on_the_desk_of_ben(&["backend/bea", "backend/ben"], &[8.0, 8.0, 8.0]);
    world.instruct(Tier::Simple, Priority::Low, &[("low", "backend", 8.0)]);
    world.assign("low", "backend/ben");
    world.instruct(Tier::Simple, Priority::High, &[("high", "backend", 1.0)]);
    world.assign("high", "backend/ben");
    world.settle();
    assert_eq!(world.has("low").as_deref(), Some("backend/bea"));
    let note = world.task("low").notes.last().expect("it says why");
    assert_eq!(
        note,
        "given to another IC: dev/backend/ben had 138 % of three days, and has 104 % without it; dev/backend/bea has 33 \
         % with it"
    );
}

#[test]
fn what_a_person_gave_somebody_stays_with_them() {
    let mut world = on_the_desk_of_ben(&["backend/bea", "backend/ben"], &[8.0, 8.0, 8.0]);
    world.instruct(Tier::Simple, NORMAL, &[("chosen", "backend", 8.0)]);
    let id = world.id("chosen");
    world.assign("chosen", "backend/bea");
    let to: IcId = "dev/backend/ben".parse().expect("an IC");
    let reason = "he knows it".to_owned();
    world.must(operator(), Action::Task(id, TaskAction::Reassign { to, reason }));
    world.settle();
    assert_eq!(world.has("chosen").as_deref(), Some("backend/ben"));
    assert_eq!(world.has("t2").as_deref(), Some("backend/bea"), "another goes instead");
}

#[test]
fn a_lead_says_it_once_when_the_domain_is_in_another_band() {
    let mut world = World::new(&["backend/ben"]);
    world.works = false;
    for (number, hours) in [12.0, 8.0, 1.0, 2.0].into_iter().enumerate() {
        let key = format!("t{number}");
        world.instruct(Tier::Simple, NORMAL, &[(&key, "backend", hours)]);
        world.assign(&key, "backend/ben");
        world.settle();
    }
    assert_eq!(bands(&world, "backend"), [(Band::Caution, 83), (Band::Warning, 88), (Band::Critical, 96)]);
    // One hour less is still more than the band begins with, by less than what is said again.
    let cancel = |key: &str, world: &mut World| {
        let id = world.id(key);
        world.must(operator(), Action::Task(id, TaskAction::Cancel { reason: "not needed".to_owned() }));
        world.settle();
    };
    cancel("t2", &mut world);
    assert_eq!(bands(&world, "backend").len(), 4, "92 % is clearly below");
    cancel("t0", &mut world);
    assert_eq!(bands(&world, "backend").last(), Some(&(Band::Healthy, 42)));
    world.check_restart();
}

/// Backend is full, and `wanted` waits there.
fn strained(quinn_has: f64, priority: Priority) -> World {
    let mut world = World::new(&["backend/ben", "qa/quinn"]);
    world.works = false;
    world.instruct(Tier::Moderate, Priority::Low, &[("a", "backend", 20.0), ("b", "backend", 4.0)]);
    world.assign("a", "backend/ben");
    world.assign("b", "backend/ben");
    if quinn_has > 0.0 {
        world.instruct(Tier::Simple, NORMAL, &[("hers", "qa", quinn_has)]);
        world.assign("hers", "qa/quinn");
    }
    world.settle();
    world.instruct(Tier::Simple, priority, &[("wanted", "backend", 4.0)]);
    world.settle();
    world
}

#[test]
fn a_tech_lead_borrows_somebody_or_defers_what_is_less_urgent() {
    let table = [
        ("somebody has the time elsewhere", 0.0, NORMAL, Some("qa/quinn"), Some("backend/ben")),
        ("for work of low priority, too", 17.0, Priority::Low, Some("qa/quinn"), Some("backend/ben")),
        ("their domain is not below 75 %: it waits", 18.0, NORMAL, None, Some("backend/ben")),
        ("what is urgent has something deferred", 18.0, Priority::High, Some("backend/ben"), None),
    ];
    for (case, quinn_has, priority, wanted, b) in table {
        let world = strained(quinn_has, priority);
        assert_eq!(world.has("wanted").as_deref(), wanted, "{case}");
        assert_eq!(world.has("b").as_deref(), b, "{case}");
        assert_eq!(world.has("a").as_deref(), Some("backend/ben"), "{case}: the latest is deferred");
        world.check_restart();
    }
    let because = |world: &World| world.task("wanted").assignment.as_ref().and_then(|found| found.because.clone());
    assert_eq!(
        because(&strained(0.0, NORMAL)).as_deref(),
        Some("borrowed from dev/qa, which is at 0 %: dev/backend is at 100 %, and nobody there has the time")
    );
    let deferred = strained(18.0, Priority::High);
    assert_eq!(
        because(&deferred).as_deref(),
        Some("b, of low priority, was deferred for it: dev/backend is at 100 %, and nobody can be borrowed")
    );
    assert!(deferred.task("b").clock.forecast.is_some(), "what was deferred waits within a forecast");
}

#[test]
fn a_tech_lead_looks_again_when_a_domain_has_hours_to_spare() {
    let mut world = strained(18.0, NORMAL);
    assert!(world.is_pending("wanted"));
    let id = world.id("hers");
    world.must(operator(), Action::Task(id, TaskAction::Cancel { reason: "not needed".to_owned() }));
    world.settle();
    assert_eq!(world.has("wanted").as_deref(), Some("qa/quinn"));
}

#[test]
fn a_domain_in_which_nothing_waits_borrows_nobody() {
    let mut world = World::new(&["backend/ben", "qa/quinn"]);
    world.works = false;
    world.instruct(Tier::Moderate, NORMAL, &[("a", "backend", 16.0), ("b", "backend", 8.0)]);
    world.assign("a", "backend/ben");
    world.assign("b", "backend/ben");
    world.settle();
    assert_eq!(world.hours("qa/quinn"), 0.0);
}

proptest! {
    /// Whatever is on the desks: it comes to rest, nothing is moved twice, and the fullest desk never becomes fuller.
    #[test]
    fn any_load_comes_to_rest(tasks in prop::collection::vec((0_usize..4, 1_u32..30, any::<bool>()), 1..25)) {
        let ics = ["backend/ann", "backend/bea", "backend/cid", "backend/dan", "qa/quinn"];
        let mut world = World::new(&ics);
        world.works = false;
        for (number, (who, hours, urgent)) in tasks.iter().enumerate() {
            let key = format!("t{number}");
            let priority = if *urgent { Priority::High } else { Priority::Low };
            world.instruct(Tier::Simple, priority, &[(&key, "backend", f64::from(*hours))]);
            world.assign(&key, ics[*who]);
        }
        let fullest = |world: &World| ics.iter().map(|name| world.hours(name)).fold(0.0, f64::max);
        let before = fullest(&world);
        world.settle();
        prop_assert!(fullest(&world) <= before, "{} after {before}", fullest(&world));
        let mut moved: Vec<_> = world
            .events()
            .filter_map(|event| match event {
                Event::Task(id, TaskEvent::Reassigned { .. }) => Some(*id),
                _other => None,
            })
            .collect();
        let count = moved.len();
        moved.sort();
        moved.dedup();
        prop_assert!(moved.len() == count, "something was moved twice");
        world.check_restart();
    }
}
