//! Finding the domain or the channel that a person means.

use super::one;
use crate::api::wire::{Code, Refusal};
use crate::domain::id::DomainId;
use crate::domain::protocol::Channel;
use crate::domain::state::State;

/// What the name of a team's channel ends with.
const TEAM: &str = "-team";

/// The domain that `text` names: `software/backend`, or `backend` where that is unique.
///
/// # Errors
/// When there is none, or more than one.
pub fn domain(state: &State, text: &str) -> Result<DomainId, Refusal> {
    let all = state.chart.domains.keys();
    if let Some(exact) = all.clone().find(|domain| domain.as_str() == text) {
        return Ok(exact.clone());
    }
    let found: Vec<&DomainId> = all.filter(|domain| domain.name() == text).collect();
    if found.is_empty() {
        let known: Vec<&str> = state.chart.domains.keys().map(DomainId::as_str).collect();
        let message = format!("there is no domain `{text}`; the chart has {}", known.join(", "));
        return Err(Refusal::new(Code::NotFound, message));
    }
    one("domain", text, found, ToString::to_string).cloned()
}

/// The channel that `text` names: `all`, `domain-leads`, `tech-leads`, or a domain with `-team` after it.
///
/// # Errors
/// When there is none, or more than one.
pub fn channel(state: &State, text: &str) -> Result<Channel, Refusal> {
    match (text, text.strip_suffix(TEAM)) {
        ("all", _) => Ok(Channel::All),
        ("domain-leads", _) => Ok(Channel::DomainLeads),
        ("tech-leads", _) => Ok(Channel::TechLeads),
        (_, Some(team)) => domain(state, team).map(Channel::Team),
        (_, None) => {
            let teams: Vec<String> = state.chart.domains.keys().map(|domain| format!("{domain}{TEAM}")).collect();
            Err(Refusal::new(
                Code::NotFound,
                format!("there is no channel `{text}`; there are all, domain-leads, tech-leads, {}", teams.join(", ")),
            ))
        }
    }
}
