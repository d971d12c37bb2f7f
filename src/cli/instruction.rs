//! An instruction as it is typed: what `run` and `submit` have in common.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use uuid::Uuid;

use super::exit::{Exit, Failure};
use super::repository;
use crate::api::wire::Submit;
use crate::domain::brief::Brief;
use crate::domain::id::{BriefField, DepartmentId, IdempotencyKey, WorkType};
use crate::domain::instruction::Deadline;
use crate::domain::risk::{Risk, SCORES};
use crate::domain::time::{Effort, Millis, WallTime};
use crate::domain::work::{Priority, Tier};

/// An instruction.
#[derive(Args, Debug, Clone)]
pub(super) struct InstructionArgs {
    /// What to do, in words
    text: String,
    /// The git repository it is about [default: the one around the current directory, if there is one]
    #[arg(long, value_name = "DIR")]
    pub(super) repo: Option<PathBuf>,
    /// The kind of work, which chooses the workflow [default: the department's]
    #[arg(long, value_name = "NAME")]
    work_type: Option<WorkType>,
    /// The department that does it [default: that of the kind of work, or the only one]
    #[arg(long, value_name = "NAME")]
    department: Option<DepartmentId>,
    /// How much planning and review it gets: 0 none, 1 one reviewed task, 2 several, 3 and 4 milestones that their leads
    /// break down [default: by the rules of the chart]
    #[arg(long, value_name = "0-4")]
    tier: Option<Tier>,
    /// How urgent it is: low, normal, high, critical
    #[arg(long, default_value_t = Priority::Normal, value_name = "WORD")]
    priority: Priority,
    /// What its kind of work asks for, such as `goals=…`; `@FILE` after the `=` reads a file; may be given more than once
    #[arg(long = "brief", value_name = "FIELD=TEXT", value_parser = field)]
    brief: Vec<(BriefField, String)>,
    /// An instruction that must be completed before it begins; may be given more than once
    #[arg(long, value_name = "ID")]
    depends_on: Vec<String>,
    /// When it should be done: a span of the organisation's time (`3d`, `12h`), or a time (`2026-12-01T12:00:00Z`)
    #[arg(long, value_name = "WHEN", value_parser = deadline)]
    deadline: Option<Deadline>,
    /// A customer was promised it: it goes before what nobody was promised
    #[arg(long)]
    customer: bool,
    /// Hours of work it may cost; a plan that needs more waits for a person
    #[arg(long, value_name = "HOURS", value_parser = hours, allow_hyphen_values = true)]
    budget: Option<Effort>,
    /// A risk score from 1 to 10, such as `scope_ambiguity=7`; may be given more than once
    #[arg(long = "risk", value_name = "SCORE=N", value_parser = score)]
    risk: Vec<(String, u8)>,
    /// The plan to do it by, as JSON or TOML; `echelon workflow schema` prints what it looks like
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// The project it belongs to
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The epic it belongs to
    #[arg(long, value_name = "NAME")]
    epic: Option<String>,
    /// The sprint it is planned for
    #[arg(long, value_name = "NAME")]
    sprint: Option<String>,
    /// A word to find it by; may be given more than once
    #[arg(long = "label", value_name = "WORD")]
    labels: Vec<String>,
    /// The same key again is the same instruction, not a new one
    #[arg(long, value_name = "TEXT")]
    key: Option<IdempotencyKey>,
}

impl InstructionArgs {
    /// The instruction as it is handed in. Without a key it gets one of its own, so that asking again after a lost answer is
    /// harmless.
    pub(super) fn into_submit(self) -> Result<Submit, Failure> {
        let repository = repository::find(self.repo.as_deref())?;
        let key: Option<IdempotencyKey> = self.key.or_else(|| format!("cli-{}", Uuid::now_v7()).parse().ok());
        let plan = self.plan.as_deref().map(crate::config::plan_file).transpose().map_err(|faults| Failure {
            help: Some(
                "correct the plan and try again; `echelon workflow schema` prints what one looks like".to_owned(),
            ),
            ..Failure::from(faults)
        })?;
        Ok(Submit {
            text: self.text,
            department: self.department,
            work_type: self.work_type,
            priority: self.priority,
            tier: self.tier,
            repository,
            key,
            brief: brief(self.brief)?,
            depends_on: self.depends_on,
            deadline: self.deadline,
            customer_commitment: self.customer,
            budget: self.budget,
            risk: risk(&self.risk),
            plan: plan.map(Box::new),
            project: self.project,
            epic: self.epic,
            sprint: self.sprint,
            labels: self.labels.into_iter().collect(),
        })
    }
}

/// A field of a brief as it is typed.
pub(super) fn field(text: &str) -> Result<(BriefField, String), String> {
    let (name, said) =
        text.split_once('=').ok_or_else(|| "write it as `field=text`, as in `goals=\"…\"`".to_owned())?;
    let name = name.trim().parse::<BriefField>().map_err(|error| error.to_string())?;
    Ok((name, said.to_owned()))
}

/// The fields that were typed, with the files that they name.
pub(super) fn brief(fields: Vec<(BriefField, String)>) -> Result<Brief, Failure> {
    let mut brief = BTreeMap::new();
    for (name, said) in fields {
        let said = match said.strip_prefix('@') {
            Some(file) => read(Path::new(file))?,
            None => said,
        };
        brief.insert(name, said);
    }
    Ok(brief)
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("`{}` cannot be read: {error}", file.display()),
            "name a text file, or leave the `@` out",
        )
    })
}

fn deadline(text: &str) -> Result<Deadline, String> {
    if let Ok(span) = humantime::parse_duration(text) {
        let millis = i64::try_from(span.as_millis()).map_err(|_| "that is too far away".to_owned())?;
        return if millis > 0 {
            Ok(Deadline::Within(Millis(millis)))
        } else {
            Err("that is no time at all".to_owned())
        };
    }
    match humantime::parse_rfc3339_weak(text) {
        Ok(time) => match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => {
                let millis = i64::try_from(since.as_millis()).map_err(|_| "that is too far away".to_owned())?;
                Ok(Deadline::At(WallTime::from_millis(millis)))
            }
            Err(_) => Err("that is long over".to_owned()),
        },
        Err(_) => Err("write a span such as `3d` or `12h`, or a time such as `2026-12-01T12:00:00Z`".to_owned()),
    }
}

/// Hours as they are typed: a number, or a span.
fn hours(text: &str) -> Result<Effort, String> {
    let hours = match text.parse::<f64>() {
        Ok(hours) => hours,
        Err(_) => match humantime::parse_duration(text) {
            Ok(span) => span.as_secs_f64() / 3_600.0,
            Err(_) => return Err("write a number of hours, such as `40`, or a span such as `90m`".to_owned()),
        },
    };
    let effort = Effort::from_hours(hours);
    if effort > Effort::default() && hours <= 1_000_000.0 {
        Ok(effort)
    } else {
        Err("write a number of hours above 0 and up to a million".to_owned())
    }
}

fn score(text: &str) -> Result<(String, u8), String> {
    let known: Vec<String> = Risk::default().scores().iter().map(|(name, _)| name.replace(' ', "_")).collect();
    let (name, value) = text.split_once('=').ok_or_else(|| "write it as `score=N`".to_owned())?;
    let name = name.trim();
    if !known.iter().any(|one| one == name) {
        return Err(format!("`{name}` is not a score; they are {}", known.join(", ")));
    }
    match value.trim().parse::<u8>() {
        Ok(value) if SCORES.contains(&value) => Ok((name.to_owned(), value)),
        _wrong => Err(format!("`{value}` is not a score from {} to {}", SCORES.start(), SCORES.end())),
    }
}

/// The scores that were typed, and 1 for the others; nothing where none was.
fn risk(scores: &[(String, u8)]) -> Option<Risk> {
    if scores.is_empty() {
        return None;
    }
    let of = |name: &str| scores.iter().rev().find(|(one, _)| one == name).map_or(1, |(_, value)| *value);
    Some(Risk {
        technical_complexity: of("technical_complexity"),
        scope_ambiguity: of("scope_ambiguity"),
        external_dependencies: of("external_dependencies"),
        security_sensitivity: of("security_sensitivity"),
        performance_impact: of("performance_impact"),
        data_integrity: of("data_integrity"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_or_refused_with_what_would_be_right() {
        assert_eq!(deadline("3d"), Ok(Deadline::Within(Millis::from_hours(72))));
        assert_eq!(
            deadline("1970-01-02T00:00:00Z"),
            Ok(Deadline::At(WallTime::from_millis(86_400_000))),
            "a time by the clock on the wall"
        );
        assert!(deadline("soon").is_err_and(|said| said.contains("`3d`")));
        assert_eq!(hours("1.5"), Ok(Effort::from_hours(1.5)));
        assert_eq!(hours("90m"), Ok(Effort::from_hours(1.5)));
        assert!(hours("0").is_err());
        assert!(hours("NaN").is_err());
        assert_eq!(score("scope_ambiguity=7"), Ok(("scope_ambiguity".to_owned(), 7)));
        assert!(score("scope_ambiguity=11").is_err_and(|said| said.contains("1 to 10")));
        assert!(score("luck=1").is_err_and(|said| said.contains("data_integrity")));
        let read = risk(&[("data_integrity".to_owned(), 4), ("data_integrity".to_owned(), 5)]);
        assert_eq!(read, Some(Risk { data_integrity: 5, ..Risk::default() }), "the last one counts");
        assert_eq!(risk(&[]), None);
        assert!(field("goals").is_err_and(|said| said.contains("field=text")));
        assert_eq!(field("goals=a=b").map(|(name, said)| (name.to_string(), said)), Ok(("goals".into(), "a=b".into())));
    }
}
