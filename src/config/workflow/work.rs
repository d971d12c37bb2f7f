//! The work that a step or a task of it asks for, and who of the department can do it.

use std::collections::BTreeSet;

use super::{INSTRUCTION, ITEM, Place};
use crate::config::fault::quoted;
use crate::config::reader::{Table, Value};
use crate::config::staff::skill_set;
use crate::config::{deliverable, program, reference, suggest};
use crate::domain::id::{DomainId, Position, Skill};
use crate::domain::org::Ic;
use crate::domain::time::{Effort, Millis};
use crate::domain::work::{Complexity, Work};

/// What is asked of a table of work.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Hours that it may take at most.
    pub(super) longest: f64,
    /// Whether it has to say how many.
    pub(super) effort: bool,
    /// Whose it is where it names neither a domain nor a role.
    pub(super) domain: Option<&'a DomainId>,
    /// Whether it is done for each of several targets, so that its texts may name one.
    pub(super) is_repeated: bool,
}

/// Work, and the domain that does it.
pub(super) struct Read {
    pub(super) domain: DomainId,
    pub(super) work: Work,
    /// Whether it says how long it takes; otherwise its effort is nothing yet.
    pub(super) says_effort: bool,
}

/// Reads everything of a table but what is special to steps or tasks. `None` when its domain is not known.
pub(super) fn read(table: &mut Table<'_>, asked: Asked<'_>, place: Place<'_>) -> Option<Read> {
    let checked = |value: &Value<'_>, text: &str| placeholders(value, text, asked);
    let title = table.required("title", "`title = \"Security review\"`").and_then(|value| {
        let text = value.line_of_text()?;
        checked(&value, text);
        Some(text.to_owned())
    });
    let description = table.optional("description").and_then(|value| {
        let text = value.any_text()?;
        checked(&value, text);
        Some(text.to_owned())
    });
    let (domain, position) = who(table, asked.domain, place);
    let example = "`effort = 0.5` (hours) or `effort = \"30m\"`";
    let effort = if asked.effort { table.required("effort", example) } else { table.optional("effort") };
    let says_effort = effort.is_some();
    let effort = effort.and_then(|value| self::effort(&value, asked.longest));
    let complexity = table.optional("complexity").and_then(|value| value.word(Complexity::ALL));
    let skills_value = table.optional("skills");
    let skills = skills_value.as_ref().map(skill_set).unwrap_or_default();
    let nice_value = table.optional("nice_to_have");
    let nice_to_have = nice_value.as_ref().map(skill_set).unwrap_or_default();
    let security_sensitive = table.optional("security_sensitive").and_then(|value| value.flag()).unwrap_or(false);
    let criteria = table.required("criteria", "`criteria = [\"…\"]`, what must be true for it to count as done");
    let criteria = criteria.map(|value| self::criteria(&value, asked)).unwrap_or_default();
    let deliverables = deliverable::read(table.tables("deliverable", "deliverable"), place.files, place.path);
    let domain = domain?;
    let team = Team { domain: &domain, position: position.as_ref(), place };
    // A domain without ICs is a fault of the chart; that nobody there has a skill adds nothing.
    if team.ics().next().is_some() {
        if let Some(value) = &skills_value {
            team.required_skills(value, &skills);
        }
        if let Some(value) = &nice_value {
            team.nice_skills(value, &nice_to_have, &skills);
        }
    }
    let work = Work {
        title: title.unwrap_or_default(),
        description: description.unwrap_or_default(),
        effort: effort.unwrap_or_default(),
        complexity: complexity.unwrap_or(Complexity::Moderate),
        skills,
        nice_to_have,
        position,
        security_sensitive,
        criteria,
        deliverables,
    };
    Some(Read { domain, work, says_effort })
}

/// Reports placeholders that nearly are one that is replaced, and a target where there is none.
fn placeholders(value: &Value<'_>, text: &str, asked: Asked<'_>) {
    let known: &[&str] = if asked.is_repeated { &[INSTRUCTION, ITEM] } else { &[INSTRUCTION] };
    program::check_text(value, text, known);
    if !asked.is_repeated && text.contains("{item}") {
        value.fault("`{item}` stands for nothing in a step that is done once", "add `for_each`, or drop it");
    }
}

/// The domain and the position of whoever does it. With a role and no domain it is the one domain that has such ICs.
fn who(table: &mut Table<'_>, own: Option<&DomainId>, place: Place<'_>) -> (Option<DomainId>, Option<Position>) {
    let role = table.optional("role");
    let domain = match (&role, own) {
        (None, None) => {
            table.required("domain", "`domain = \"backend\"`, or `role = \"developer\"` for whoever has it")
        }
        (Some(_), _) | (_, Some(_)) => table.optional("domain"),
    };
    let names_domain = domain.is_some();
    let domain = domain.and_then(|value| reference::domain(&value, Some(place.department), place.chart));
    let Some(role) = role else {
        return (if names_domain { domain } else { own.cloned() }, None);
    };
    let Some(position) = position(&role, place) else {
        return (if names_domain { domain } else { own.cloned() }, None);
    };
    let has = |domain: &DomainId| place.chart.ics_of(domain).any(|ic| ic.position.as_ref() == Some(&position));
    if names_domain {
        if let Some(domain) = domain.as_ref().filter(|domain| !has(domain)) {
            let all = place.chart.domains_of(place.department).map(|one| &one.id).filter(|one| has(one));
            role.fault(
                format!("no IC of domain `{domain}` has role `{position}`"),
                format!(
                    "such are in {}; name one of these domains, or drop `domain`",
                    suggest::list(all.map(DomainId::as_str))
                ),
            );
        }
        return (domain, Some(position));
    }
    if let Some(own) = own.filter(|own| has(own)) {
        return (Some(own.clone()), Some(position));
    }
    let all: Vec<&DomainId> =
        place.chart.domains_of(place.department).map(|one| &one.id).filter(|one| has(one)).collect();
    if let [_, _, ..] = all.as_slice() {
        role.fault(
            format!("more than one domain has ICs with role `{position}`"),
            format!("add `domain`, one of {}", suggest::list(all.iter().map(|domain| domain.name()))),
        );
    }
    (all.first().map(|domain| (*domain).clone()), Some(position))
}

/// A position that somebody of the department has.
fn position(value: &Value<'_>, place: Place<'_>) -> Option<Position> {
    let position = value.id::<Position>()?;
    let ics = place.chart.ics.values().filter(|ic| ic.id.domain().department() == *place.department);
    let known: BTreeSet<&Position> = ics.filter_map(|ic| ic.position.as_ref()).collect();
    if known.contains(&position) {
        return Some(position);
    }
    let names: Vec<&str> = known.iter().map(|one| one.as_str()).collect();
    let help = match suggest::nearest(position.as_str(), names.iter().copied()) {
        Some(meant) => format!("did you mean {}?", quoted(meant)),
        None if names.is_empty() => format!("add `role = \"{position}\"` to an `[[ic]]`, or write `domain`"),
        None => format!("choose from {}, or add it to an `[[ic]]`", suggest::list(names.iter().copied())),
    };
    value.fault(format!("no IC of department `{}` has role `{position}`", place.department), help);
    known.into_iter().find(|one| suggest::nearest(position.as_str(), [one.as_str()]).is_some()).cloned()
}

/// Hours of work, or a span of time, at most `longest` hours.
pub(super) fn effort(value: &Value<'_>, longest: f64) -> Option<Effort> {
    let most = Effort::from_hours(longest);
    if value.is_text() {
        // A thousandth of an hour, 3.6 seconds, is the least that is told apart from nothing.
        let span = value.duration(Millis(3_600), Millis(i64::from(most.milli_hours()).saturating_mul(3_600)))?;
        return Some(Effort::from_hours(span.to_duration().as_secs_f64() / 3_600.0));
    }
    let accept = |hours: f64| hours <= longest && Effort::from_hours(hours) > Effort::default();
    let allowed = format!("hours, more than 0 and at most {longest}, or a span such as `\"30m\"`");
    value.number(&allowed, accept).map(Effort::from_hours)
}

fn criteria(value: &Value<'_>, asked: Asked<'_>) -> Vec<String> {
    let items = value.list().unwrap_or_default();
    if items.is_empty() && value.is_list() {
        value.fault("a step without criteria can never be told to be done", "say at least one thing that must be true");
    }
    let text = |item: &Value<'_>| {
        let text = item.text()?;
        placeholders(item, text, asked);
        Some(text.to_owned())
    };
    items.iter().filter_map(text).collect()
}

/// Those who may do a piece of work.
#[derive(Clone, Copy)]
struct Team<'a> {
    domain: &'a DomainId,
    position: Option<&'a Position>,
    place: Place<'a>,
}

impl<'a> Team<'a> {
    fn ics(self) -> impl Iterator<Item = &'a Ic> {
        let fits = move |ic: &&Ic| self.position.is_none_or(|position| ic.position.as_ref() == Some(position));
        self.place.chart.ics_of(self.domain).filter(fits)
    }

    /// Who they are, for messages: "IC of domain `software/backend`".
    fn whom(self) -> String {
        let role = self.position.map_or_else(String::new, |position| format!(" with role `{position}`"));
        format!("IC of domain `{}`{role}", self.domain)
    }

    /// Work that takes a skill goes to somebody who has it; if nobody does, it would go nowhere.
    fn required_skills(self, value: &Value<'_>, skills: &BTreeSet<Skill>) {
        let mut each_is_there = true;
        for skill in skills {
            if !self.ics().any(|ic| ic.skills.contains_key(skill)) {
                each_is_there = false;
                let own: BTreeSet<&str> = self.ics().flat_map(|ic| ic.skills.keys()).map(Skill::as_str).collect();
                let help = match suggest::nearest(skill.as_str(), own) {
                    Some(meant) => format!("did you mean {}?", quoted(meant)),
                    None => "add it to one, or drop it".to_owned(),
                };
                value.fault(format!("no {} has skill `{skill}`", self.whom()), help);
            }
        }
        let has_all = self.ics().any(|ic| skills.iter().all(|skill| ic.skills.contains_key(skill)));
        if each_is_there && !has_all {
            let names = suggest::list(skills.iter().map(Skill::as_str));
            value
                .fault(format!("no single {} has all of {names}", self.whom()), "split the step, or teach one of them");
        }
    }

    fn nice_skills(self, value: &Value<'_>, nice_to_have: &BTreeSet<Skill>, required: &BTreeSet<Skill>) {
        for skill in nice_to_have {
            if required.contains(skill) {
                value.fault(format!("skill `{skill}` is required already"), "drop it here or under `skills`");
            } else if !self.ics().any(|ic| ic.skills.contains_key(skill) || ic.wants_to_learn.contains(skill)) {
                value.fault(
                    format!("no {} has skill `{skill}` or wants to learn it", self.whom()),
                    "add it to one, or drop it",
                );
            }
        }
    }
}
