//! What is wrong with a draft, all of it at once.

use std::collections::BTreeSet;

use super::{Draft, DraftConsultation, DraftTask, For, find_domain};
use crate::domain::id::{StepKey, WorkType};
use crate::domain::plan::{CHILDREN_LIMIT, MILESTONE_HOURS_LIMIT, TASK_HOURS_LIMIT, cycle, size_limits};
use crate::domain::time::Effort;
use crate::domain::work::{Check, Deliverable};
use crate::domain::workflow::Workflow;

/// Faults that are told, at most: whoever makes a plan anew reads no more, and they are kept.
const FAULTS_LIMIT: usize = 40;

/// Hours that anybody may be waited for: more than a year is never.
const LONGEST_WAIT_HOURS: u32 = 8_766;

/// Everything that is wrong with a draft, one sentence each, in the order of the draft.
pub(super) fn of(draft: &Draft, whose: For<'_>) -> Vec<String> {
    let mut faults = Faults { whose, told: Vec::new() };
    if let Some((score, value)) = draft.risk.and_then(|risk| risk.out_of_range()) {
        faults.add(format!("a risk score is 1 to 10, and {score} is {value}"));
    }
    let (least, most) = size_limits(whose.tier);
    let count = draft.tasks.len();
    if !(least..=most).contains(&count) {
        let range = if least == most { format!("{least}") } else { format!("{least} to {most}") };
        faults.add(format!("a plan of tier {} has {range} tasks, this one has {count}", whose.tier));
    }
    faults.graph(&draft.tasks, "the plan");
    for task in &draft.tasks {
        faults.task(task, None);
    }
    for asked in &draft.consultations {
        faults.consultation(asked);
    }
    let more = faults.told.len().saturating_sub(FAULTS_LIMIT);
    faults.told.truncate(FAULTS_LIMIT);
    if more > 0 {
        faults.told.push(format!("and {more} more of the kind"));
    }
    faults.told
}

struct Faults<'a> {
    whose: For<'a>,
    told: Vec<String>,
}

impl Faults<'_> {
    fn add(&mut self, fault: String) {
        self.told.push(fault);
    }

    /// Names that are used twice, needs that are not there, and circles.
    fn graph(&mut self, tasks: &[DraftTask], whole: &str) {
        let mut keys: BTreeSet<&StepKey> = BTreeSet::new();
        for task in tasks.iter().filter(|task| !keys.insert(&task.key)).collect::<Vec<_>>() {
            self.add(format!("{}: the name is used twice in {whole}", task.key));
        }
        let keys: BTreeSet<&StepKey> = tasks.iter().map(|task| &task.key).collect();
        for task in tasks {
            let mut seen: BTreeSet<&StepKey> = BTreeSet::new();
            let mut twice: BTreeSet<&StepKey> = BTreeSet::new();
            for need in &task.needs {
                if !seen.insert(need) {
                    twice.insert(need);
                }
            }
            for need in twice {
                self.add(format!("{}: needs {need} more than once", task.key));
            }
            for need in seen.difference(&keys) {
                self.add(format!("{}: needs {need}, which is not in {whole}", task.key));
            }
        }
        let waits = tasks.iter().map(|task| (task.key.as_str(), task.needs.iter().map(StepKey::as_str).collect()));
        for circle in cycle::circles(&waits.collect()) {
            let around: Vec<&str> = circle.iter().copied().chain(circle.first().copied()).collect();
            self.add(format!("none of these can start, each needs the next: {}", around.join(" → ")));
        }
    }

    /// One task; with a parent it is a piece of what a milestone is broken down into.
    fn task(&mut self, task: &DraftTask, parent: Option<&StepKey>) {
        let name = parent.map_or_else(|| task.key.to_string(), |parent| format!("{parent}/{}", task.key));
        let strategic = parent.is_none() && self.whose.tier.has_strategic_phase();
        if task.title.trim().is_empty() || task.title.chars().any(char::is_control) {
            self.add(format!("{name}: its title is not one line of text"));
        }
        if task.criteria.iter().all(|criterion| criterion.trim().is_empty()) {
            self.add(format!("{name}: no criteria: say what must be true when it is done"));
        }
        self.who(task, &name);
        self.hours(task, &name, strategic);
        for deliverable in &task.deliverables {
            self.deliverable(deliverable, &name);
        }
        if !strategic && (!task.breakdown.is_empty() || task.workflow.is_some()) {
            self.add(format!("{name}: is work for one IC, and only milestones are broken down"));
        }
        if !strategic && task.checkpoint {
            self.add(format!("{name}: is work for one IC, and only milestones stop for a go-ahead"));
        }
        if strategic {
            self.breakdown(task);
        }
    }

    /// The domain, the position and the skills: each must be somebody's. Whether one person has them all is for whoever
    /// approves the plan to see.
    fn who(&mut self, task: &DraftTask, name: &str) {
        let (chart, department) = (self.whose.chart, self.whose.department);
        if find_domain(&task.domain, self.whose).is_none() {
            let known: Vec<&str> = chart.domains_of(department).map(|domain| domain.id.name()).collect();
            self.add(format!(
                "{name}: department `{department}` has no domain `{}`; it has {}",
                task.domain,
                known.join(", ")
            ));
        }
        let ics = || chart.ics.values().filter(|ic| ic.id.domain().department() == *department);
        if let Some(position) = &task.position
            && !ics().any(|ic| ic.position.as_ref() == Some(position))
        {
            let known: BTreeSet<String> =
                ics().filter_map(|ic| ic.position.as_ref().map(ToString::to_string)).collect();
            let known: Vec<String> = known.into_iter().collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            self.add(format!("{name}: nobody in `{department}` has position `{position}`; there are: {known}"));
        }
        for skill in task.skills.union(&task.nice_to_have) {
            if !ics().any(|ic| ic.skills.contains_key(skill) || ic.wants_to_learn.contains(skill)) {
                self.add(format!("{name}: nobody in `{department}` has skill `{skill}`"));
            }
        }
    }

    fn hours(&mut self, task: &DraftTask, name: &str, strategic: bool) {
        let is_summed = strategic && (!task.breakdown.is_empty() || task.workflow.is_some());
        let most = if strategic { MILESTONE_HOURS_LIMIT } else { TASK_HOURS_LIMIT };
        let fits = |effort: Effort| effort > Effort::default() && effort <= Effort::from_hours(most);
        if !(fits(task.effort) || (is_summed && task.effort == Effort::default())) {
            self.add(format!("{name}: its effort is {}, and may be more than 0 and at most {most} h", task.effort));
        }
        if let Some((low, high)) = task.range
            && (!fits(low) || !fits(high) || low > high)
        {
            self.add(format!("{name}: its range is {low} to {high}; write hours up to {most}, the lower first"));
        }
    }

    fn deliverable(&mut self, deliverable: &Deliverable, name: &str) {
        let path = &deliverable.path;
        let wrong = |part: &str| part.is_empty() || part == "." || part == "..";
        if path.split('/').any(wrong) || path.chars().any(char::is_control) {
            self.add(format!("{name}: deliverable {path:?} is not the path of a file within the workspace"));
        }
        // Whoever may hand a plan in may not for that run programs where the daemon runs.
        if deliverable.checks.iter().any(|check| matches!(check, Check::Command(_))) {
            self.add(format!("{name}: deliverable {path:?} is checked by a command, which only workflow files may"));
        }
    }

    fn breakdown(&mut self, task: &DraftTask) {
        let name = &task.key;
        if task.breakdown.len() > CHILDREN_LIMIT {
            self.add(format!(
                "{name}: is broken down into {} tasks, and {CHILDREN_LIMIT} is the most",
                task.breakdown.len()
            ));
        }
        if !task.breakdown.is_empty() && task.workflow.is_some() {
            self.add(format!("{name}: has both a breakdown and a workflow; drop one of them"));
        }
        if let Some(fault) = task.workflow.as_ref().and_then(|by| workflow_fault(by, self.whose)) {
            self.add(format!("{name}: {fault}"));
        }
        self.graph(&task.breakdown, &format!("the breakdown of {name}"));
        for piece in &task.breakdown {
            self.task(piece, Some(name));
        }
    }

    fn consultation(&mut self, asked: &DraftConsultation) {
        if asked.whom(self.whose).is_none() {
            let known: Vec<&str> = self.whose.chart.domains_of(self.whose.department).map(|it| it.id.name()).collect();
            self.add(format!("a consultation asks `{}`; ask tech_lead or one of {}", asked.whom, known.join(", ")));
        }
        if asked.question.trim().is_empty() {
            self.add(format!("the consultation of `{}` asks nothing", asked.whom));
        }
        if asked.within.is_some_and(|hours| hours == 0 || hours > LONGEST_WAIT_HOURS) {
            self.add(format!("the consultation of `{}` waits 1 to {LONGEST_WAIT_HOURS} hours", asked.whom));
        }
    }
}

/// Why a workflow cannot say what a milestone is broken down into, if it cannot.
fn workflow_fault(by: &WorkType, whose: For<'_>) -> Option<String> {
    let own = |workflow: &&Workflow| workflow.department == *whose.department;
    let Some(workflow) = whose.chart.workflows.get(by).filter(own) else {
        let known: Vec<&str> = whose.chart.workflows.values().filter(own).map(|it| it.work_type.as_str()).collect();
        return Some(format!("department `{}` has no workflow `{by}`; it has {}", whose.department, known.join(", ")));
    };
    let Some(variant) = workflow.one_phase() else {
        return Some(format!("workflow `{by}` has no template whose steps are work for one IC each"));
    };
    let whole = |step: &crate::domain::workflow::Step| step.for_each.is_none() && step.outline.is_empty();
    if !variant.steps.iter().all(whole) || variant.steps.len() > CHILDREN_LIMIT {
        return Some(format!("workflow `{by}` has steps that are several tasks each, or more than {CHILDREN_LIMIT}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_needs_are_told_in_a_few_words() {
        let chart = crate::domain::org::Chart::default();
        let Ok(department) = "dev".parse() else { return };
        let task = |key: &str, needs: Vec<String>| -> Option<DraftTask> {
            serde_json::from_value(serde_json::json!({
                "key": key, "title": "T", "domain": "d", "needs": needs, "effort": 1, "criteria": ["c"]
            }))
            .ok()
        };
        let tasks: Vec<DraftTask> =
            (0..1_000).filter_map(|n| task(&format!("t{n}"), (0..n).map(|m| format!("t{m}")).collect())).collect();
        let draft = Draft { tasks, ..Draft::default() };
        let whose = For { chart: &chart, department: &department, tier: crate::domain::work::Tier::Moderate, text: "" };
        let told = of(&draft, whose);
        assert_eq!(told.first().map(String::as_str), Some("a plan of tier 2 has 2 to 8 tasks, this one has 1000"));
        assert_eq!(told.len(), FAULTS_LIMIT + 1);
    }
}
