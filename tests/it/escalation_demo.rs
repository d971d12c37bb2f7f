//! The demonstration of escalation, on virtual time: what happens, in which order, at which time of the organisation.
//!
//! The chart is the one that ships. Its managers decide by their policies and its clocks fire when they are due; only the
//! workers are played here, as the chart says they behave.

use echelon::domain::task::StateName;
use echelon::domain::time::Millis;

use crate::stage::Stage;
use crate::support::inside;

/// After this much time of the organisation nothing new happens but reminders.
const CURTAIN: Millis = Millis::from_hours(60);

#[test]
fn the_demonstration_goes_like_this() {
    let mut stage = Stage::open("escalation-demo.toml");
    stage.submit(inside::request("Roll the new release out"));
    stage.play(CURTAIN);
    let open = stage.open_tasks();
    // Everything has come to an end but what waits for Petra.
    assert_eq!(open, [("deploy".to_owned(), StateName::InProgress), ("deploy-work".to_owned(), StateName::Escalated)]);
    insta::assert_snapshot!("escalation_demo", stage.story());
}
