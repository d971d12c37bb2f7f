//! Risk: what could go wrong with an instruction, as six scores, and what follows from their sum.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The least and the most of one score.
pub const SCORES: std::ops::RangeInclusive<u8> = 1..=10;

/// Six scores from 1 (nothing to see here) to 10; 1 where nothing says more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Risk {
    /// How hard it is technically.
    pub technical_complexity: u8,
    /// How unclear it is what is wanted.
    pub scope_ambiguity: u8,
    /// How much hangs on others.
    pub external_dependencies: u8,
    /// How much harm a leak or a break-in would do.
    pub security_sensitivity: u8,
    /// How much it may slow things down.
    pub performance_impact: u8,
    /// How much harm it may do to data.
    pub data_integrity: u8,
}

impl Default for Risk {
    fn default() -> Self {
        Self {
            technical_complexity: 1,
            scope_ambiguity: 1,
            external_dependencies: 1,
            security_sensitivity: 1,
            performance_impact: 1,
            data_integrity: 1,
        }
    }
}

impl Risk {
    /// The scores with their names, in order.
    #[must_use]
    pub const fn scores(&self) -> [(&'static str, u8); 6] {
        [
            ("technical complexity", self.technical_complexity),
            ("scope ambiguity", self.scope_ambiguity),
            ("external dependencies", self.external_dependencies),
            ("security sensitivity", self.security_sensitivity),
            ("performance impact", self.performance_impact),
            ("data integrity", self.data_integrity),
        ]
    }

    /// The sum of the scores: 6 to 60.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.scores().iter().map(|(_, score)| u32::from(*score)).sum()
    }

    /// What follows from the sum.
    #[must_use]
    pub fn band(&self) -> RiskBand {
        match self.total() {
            0..=14 => RiskBand::Approve,
            15..=25 => RiskBand::Monitor,
            26..=35 => RiskBand::Checkpoints,
            _more => RiskBand::Person,
        }
    }

    /// Of each score the higher one.
    #[must_use]
    pub fn max(&self, other: &Self) -> Self {
        Self {
            technical_complexity: self.technical_complexity.max(other.technical_complexity),
            scope_ambiguity: self.scope_ambiguity.max(other.scope_ambiguity),
            external_dependencies: self.external_dependencies.max(other.external_dependencies),
            security_sensitivity: self.security_sensitivity.max(other.security_sensitivity),
            performance_impact: self.performance_impact.max(other.performance_impact),
            data_integrity: self.data_integrity.max(other.data_integrity),
        }
    }

    /// The first score that is not between 1 and 10.
    #[must_use]
    pub fn out_of_range(&self) -> Option<(&'static str, u8)> {
        self.scores().into_iter().find(|(_, score)| !SCORES.contains(score))
    }
}

/// What follows from the sum of the scores.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskBand {
    /// Under 15: go.
    Approve,
    /// 15 to 25: go, and look at it more often.
    Monitor,
    /// 26 to 35: go, and stop for a go-ahead at the named milestones.
    Checkpoints,
    /// Over 35: a person decides.
    Person,
}

impl fmt::Display for RiskBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Approve => "approved",
            Self::Monitor => "approved with monitoring",
            Self::Checkpoints => "approved with checkpoints",
            Self::Person => "a person decides",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thresholds_are_where_they_are_said_to_be() {
        for (first, band) in [
            (9, RiskBand::Approve),
            (10, RiskBand::Monitor),
            (20, RiskBand::Monitor),
            (21, RiskBand::Checkpoints),
            (30, RiskBand::Checkpoints),
            (31, RiskBand::Person),
        ] {
            let risk = Risk { technical_complexity: first, ..Risk::default() };
            assert_eq!(risk.band(), band, "a total of {}", risk.total());
        }
    }

    #[test]
    fn of_two_opinions_the_higher_score_counts() {
        let one = Risk { scope_ambiguity: 7, ..Risk::default() };
        let other = Risk { scope_ambiguity: 3, data_integrity: 4, ..Risk::default() };
        assert_eq!(one.max(&other), Risk { scope_ambiguity: 7, data_integrity: 4, ..Risk::default() });
        assert_eq!(Risk { data_integrity: 11, ..one }.out_of_range(), Some(("data integrity", 11)));
    }
}
