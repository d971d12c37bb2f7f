//! Another chart for the running organisation.

use std::sync::Arc;

use super::{commit, tried};
use crate::actors::office::Office;
use crate::api::wire::{ChartApplied, Refusal};
use crate::domain::command::Action;
use crate::domain::org::{Chart, Difference, difference};
use crate::domain::role::Principal;

/// What a chart would change; one that could not be applied is refused as it would be then.
pub(super) async fn compare(office: &Office, principal: &Principal, chart: Chart) -> Result<Difference, Refusal> {
    let (at, principal) = (office.ledger.clock().now(), principal.clone());
    let compared = office.ledger.read(move |state| {
        let chart = Arc::new(chart);
        tried(state, at, principal, Action::ApplyChart(Arc::clone(&chart)))?;
        Ok::<_, Refusal>(difference(state, &chart))
    });
    compared.await?
}

/// Runs the organisation by a chart from now on. The places of the organisation hear of it from the ledger.
pub(super) async fn apply(office: &Arc<Office>, principal: &Principal, chart: Chart) -> Result<ChartApplied, Refusal> {
    commit(office, principal, Action::ApplyChart(Arc::new(chart))).await?;
    Ok(ChartApplied {})
}
