//! The demonstration of escalation, on virtual time: what happens, in which order, at which time of the organisation.
//!
//! The chart is the one that ships. Its managers decide by their policies and its clocks fire when they are due; only the
//! workers are played here, as the chart says they behave.

mod stage;

use echelon::domain::task::StateName;

use self::stage::Stage;

#[test]
fn the_demonstration_goes_like_this() {
    let mut stage = Stage::open("escalation-demo.toml", "Roll the new release out");
    stage.play();
    let open = stage.open_tasks();
    // Everything has come to an end but what waits for Petra.
    assert_eq!(open, [("deploy".to_owned(), StateName::InProgress), ("deploy-work".to_owned(), StateName::Escalated)]);
    insta::assert_snapshot!("escalation_demo", stage.story());
}
