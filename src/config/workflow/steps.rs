//! Steps: what each is besides the work it asks for, its targets, and the tasks its lead breaks it down into.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::work::{self, Asked};
use super::{Later, Place};
use crate::config::fault::quoted;
use crate::config::reader::{Table, Value};
use crate::domain::id::{BriefField, DomainId, WorkType};
use crate::domain::plan::{CHILDREN_LIMIT, MILESTONE_HOURS_LIMIT, Piece, Range, TASK_HOURS_LIMIT, glob, sum};
use crate::domain::time::Effort;
use crate::domain::workflow::{ForEach, Step};

/// Reads the steps of a file.
pub(super) fn read(tables: Vec<Table<'_>>, place: Place<'_>, later: &mut Vec<(usize, Later)>) -> Vec<Step> {
    let graph = Graph::read(tables, "step", "this workflow");
    let steps = graph.rest().filter_map(|(mut table, key, needs)| {
        let for_each = table.optional("for_each");
        let is_repeated = for_each.is_some();
        let for_each = for_each.and_then(|value| targets(&value, place, later));
        let checkpoint = table.optional("checkpoint");
        only_milestones(checkpoint.as_ref(), place, "stop for a go-ahead");
        let checkpoint = checkpoint.and_then(|value| value.flag()).unwrap_or(false);
        let range = table.optional("range");
        let workflow = table.optional("workflow");
        only_milestones(workflow.as_ref(), place, "are broken down");
        let pieces = table.tables("task", "task");
        if let Some(first) = pieces.first()
            && place.is_said
            && !place.tier.has_strategic_phase()
        {
            first.fault(format!("tier {} has no milestones, and only they are broken down", place.tier), MILESTONES);
        }
        if let (Some(value), false) = (&workflow, pieces.is_empty()) {
            value.fault("this step has both `workflow` and tasks", "drop one of them");
        }
        let is_outlined = !pieces.is_empty() || workflow.is_some();
        let may_be_milestone = place.tier.has_strategic_phase();
        let longest = if may_be_milestone { MILESTONE_HOURS_LIMIT } else { TASK_HOURS_LIMIT };
        let asked = Asked { longest, effort: !is_outlined, domain: None, is_repeated };
        let read = work::read(&mut table, asked, place);
        let domain = read.as_ref().map(|found| &found.domain);
        let outline = outline(pieces, domain, is_repeated, place);
        let range = range.and_then(|value| self::range(&value, longest, read.as_ref().map(|found| found.work.effort)));
        table.finish();
        let (key, mut read) = (key?, read?);
        if let Some(value) = &workflow
            && let Some(by) = value.id::<WorkType>()
        {
            later.push((value.line(), Later::Outline { step: key.clone(), by, effort: !read.says_effort }));
        }
        if !read.says_effort {
            read.work.effort = sum(&outline);
        }
        Some(Step { key, domain: read.domain, needs, work: read.work, for_each, checkpoint, range, outline })
    });
    steps.collect()
}

/// What is to be done about something that only a milestone has.
const MILESTONES: &str = "set `tier = 3` or `tier = 4`, or drop it";

fn only_milestones(value: Option<&Value<'_>>, place: Place<'_>, what: &str) {
    if let Some(value) = value
        && place.is_said
        && !place.tier.has_strategic_phase()
    {
        value.fault(format!("tier {} has no milestones, and only they {what}", place.tier), MILESTONES);
    }
}

/// What a step is done for: a list, a glob or a field of the brief.
fn targets(value: &Value<'_>, place: Place<'_>, later: &mut Vec<(usize, Later)>) -> Option<ForEach> {
    if value.is_list() {
        let mut seen = BTreeSet::new();
        let items: Vec<String> = value
            .list()?
            .iter()
            .filter_map(|item| {
                let text = item.line_of_text()?;
                if !seen.insert(text) {
                    item.fault(format!("target {} is there twice", quoted(text)), "name it once");
                }
                Some(text.to_owned())
            })
            .collect();
        if value.list().is_some_and(|items| items.is_empty()) {
            value.fault(format!("{} is an empty list", value.label()), "name at least one target, or drop the key");
        }
        return Some(ForEach::Items(items));
    }
    let mut table = value.table_or("a list of texts, `{ glob = \"docs/*.md\" }` or `{ brief = \"phases\" }`")?;
    let (files, field) = (table.optional("glob"), table.optional("brief"));
    table.finish();
    match (files, field) {
        (Some(pattern), None) => {
            if !place.needs_repository {
                pattern.fault(
                    "the files of a glob are those of the instruction's repository, and this workflow needs none",
                    "add `needs_repository = true` at the top of the file",
                );
            }
            let text = pattern.line_of_text()?;
            if let Err(reason) = glob::check(text) {
                pattern.fault(
                    format!("glob {} {reason}", quoted(text)),
                    "write it as `docs/stories/*.md` or `src/**/*.rs`",
                );
            }
            Some(ForEach::Glob(text.to_owned()))
        }
        (None, Some(value)) => {
            let field = value.id::<BriefField>()?;
            later.push((value.line(), Later::Field(field.clone())));
            Some(ForEach::Brief(field))
        }
        (Some(_), Some(_)) => {
            value.fault("targets are either the files of a glob or the lines of a field", "drop `glob` or `brief`");
            None
        }
        (None, None) => {
            // A misspelt key has its own fault.
            if table.knows_every_key() {
                value.fault(format!("{} names no targets", value.label()), "add `glob` or `brief`");
            }
            None
        }
    }
}

/// `[8, 24]`: hours at least and at most.
fn range(value: &Value<'_>, longest: f64, effort: Option<Effort>) -> Option<Range> {
    let items = value.list()?;
    let [low, high] = items.as_slice() else {
        value.fault(format!("{} has {} items", value.label(), items.len()), "write two, such as `[8, 24]` in hours");
        return None;
    };
    let (low, high) = (work::effort(low, longest), work::effort(high, longest));
    let range = Range { low: low?, high: high? };
    if range.low > range.high {
        value.fault(format!("{} ends before it begins", value.label()), "write the lower number first");
    } else if let Some(effort) = effort.filter(|effort| *effort != Effort::default())
        && !(range.low..=range.high).contains(&effort)
    {
        value.fault(
            format!("{} is {} to {}, and the effort is {effort}", value.label(), range.low, range.high),
            "write a range that the effort is within",
        );
    }
    Some(range)
}

/// The tasks that a milestone is broken down into. A task that names neither a domain nor a role is the milestone's own
/// domain's.
fn outline(tables: Vec<Table<'_>>, own: Option<&DomainId>, is_repeated: bool, place: Place<'_>) -> Vec<Piece> {
    if let Some(one_too_many) = tables.get(CHILDREN_LIMIT) {
        one_too_many.fault(
            format!("this step has {} tasks, and {CHILDREN_LIMIT} is the most", tables.len()),
            "make two steps of it",
        );
    }
    let asked = Asked { longest: TASK_HOURS_LIMIT, effort: true, domain: own, is_repeated };
    let pieces = Graph::read(tables, "task", "this step").rest().filter_map(|(mut table, key, needs)| {
        let read = work::read(&mut table, asked, place);
        table.finish();
        let (key, read) = (key?, read?);
        Some(Piece { key, domain: read.domain, needs, work: read.work })
    });
    pieces.collect()
}
