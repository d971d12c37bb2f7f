//! Workflow templates: what a file says about instructions of one work type, checked against the chart whose people are to
//! do the work.
//!
//! A work type may have several files, one for each tier. What a file says about other workflows is resolved once all are
//! read; see [`merge`].

mod graph;
pub(super) mod merge;
mod parts;
mod steps;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::fault::quoted;
use super::reader::{Table, Value};
use super::reference::{self, Ambiguous};
use super::{Files, clocks, program};
use crate::domain::id::{BriefField, DepartmentId, StepKey, WorkType, WorkerId};
use crate::domain::org::{Chart, WorkerKind};
use crate::domain::plan::size_limits;
use crate::domain::risk::{Risk, SCORES};
use crate::domain::role::Role;
use crate::domain::time::Millis;
use crate::domain::work::Tier;
use crate::domain::workflow::{ConsultTemplate, ForEach, Step, Variant, Workflow};

/// What stands for the text of the instruction in the texts of a workflow.
const INSTRUCTION: &str = "instruction";

/// What stands for the target in the texts of a step that is done for each of several.
const ITEM: &str = "item";

/// Whom a consultation asks that is not a domain's lead.
const TECH_LEAD: &str = "tech_lead";

/// How long an answer is waited for where a consultation says nothing about it: half a person's day.
const USUAL_WAIT: Millis = Millis::from_hours(4);

/// What one file says: a workflow with one template, or none where a worker plans.
pub(super) struct Loaded {
    /// What could be read of it.
    pub(super) workflow: Workflow,
    /// The file.
    file: PathBuf,
    /// The line of its tier.
    tier_line: Option<usize>,
    /// Which of the keys that hold for all files of its work type it has, by the line they are in.
    stated: BTreeMap<&'static str, usize>,
    /// What can only be resolved when every workflow is known, with the line it is in.
    later: Vec<(usize, Later)>,
}

/// A mention of another workflow, or of what another file of the same one may say.
enum Later {
    /// The step with this key is broken down by the steps of that workflow; its effort is theirs where it says none.
    Outline { step: StepKey, by: WorkType, effort: bool },
    /// A part for that department is of that work type.
    Part { department: DepartmentId, work_type: WorkType },
    /// Targets are in that field of the brief.
    Field(BriefField),
}

/// Where the parts of a file are read.
#[derive(Clone, Copy)]
struct Place<'a> {
    department: &'a DepartmentId,
    chart: &'a Chart,
    files: Files<'a>,
    path: &'a Path,
    /// The tier of the template; where it says none, the one that its size is checked by.
    tier: Tier,
    /// Whether the file says that tier itself.
    is_said: bool,
    needs_repository: bool,
}

/// Reads everything below `root`. `None` when not even its work type or department is known; other parts that could not
/// be read have left a fault.
pub(super) fn read(root: &mut Table<'_>, chart: &Chart, files: Files<'_>, path: &Path) -> Option<Loaded> {
    let work_type =
        root.required("work_type", "`work_type = \"code_review\"`").and_then(|value| value.id::<WorkType>());
    let mut stated = BTreeMap::new();
    let mut state = |key: &'static str, value: Option<Value<'_>>| stated.extend(value.map(|it| (key, it.line())));
    let needs_repository = root.optional("needs_repository");
    let needs_a_repository = needs_repository.as_ref().and_then(Value::flag).unwrap_or(false);
    state("needs_repository", needs_repository);
    let description = root.required("description", "`description = \"…\"`, one line on what it is for");
    let description = description.and_then(|value| value.line_of_text()).unwrap_or_default().to_owned();
    let department = match reference::department(root.optional("department").as_ref(), chart) {
        Ok(department) => department,
        Err(Ambiguous(departments)) => {
            root.fault("this workflow has no `department`", format!("add one of {departments}"));
            None
        }
    };
    let tier_value = root.optional("tier");
    let tier = tier_value.as_ref().and_then(|value| value.tier());
    let brief_value = root.optional("brief");
    let brief = brief_value.as_ref().map(|value| brief(value, Value::line_of_text)).unwrap_or_default();
    state("brief", brief_value);
    let risk_value = root.optional("risk");
    let risk = risk_value.as_ref().and_then(Value::table).map(risk).unwrap_or_default();
    // What a file says that is for one tier holds for that one only.
    if tier_value.is_none() {
        state("risk", risk_value);
    }
    let planner_value = root.optional("planner");
    let planner = planner_value.as_ref().and_then(|value| planner(value, chart));
    let has_planner = planner_value.is_some();
    state("planner", planner_value);
    let steps = root.tables("step", "step");
    let parts = root.tables("part", "part");
    let asked = root.tables("consult", "consultation");
    root.finish();
    let size = Size { root, tier: tier_value.as_ref(), has_planner, chart };
    let shape = size.shape(steps.len(), parts.len());
    let department = department?;
    let place = Place {
        department: &department,
        chart,
        files,
        path,
        tier: tier.unwrap_or(chart.policy.default_tier),
        is_said: tier.is_some(),
        needs_repository: needs_a_repository,
    };
    let mut later = Vec::new();
    let consultations = consultations(asked, place);
    let step_count = steps.len();
    let steps = steps::read(steps, place, &mut later);
    let parts = parts::read(parts, place, &mut later);
    // A step that could not be read has a fault of its own, and is not one too few.
    if shape && steps.len() == step_count && (tier_value.is_none() || tier.is_some()) {
        size.steps(tier, &steps);
    }
    let is_template = !steps.is_empty() || !parts.is_empty() || !consultations.is_empty();
    let (common, own) = if tier_value.is_some() { (Risk::default(), risk) } else { (risk, Risk::default()) };
    let variant = is_template.then_some(Variant { tier, steps, parts, consultations, risk: own });
    let workflow = Workflow {
        work_type: work_type?,
        description,
        department,
        needs_repository: needs_a_repository,
        brief,
        risk: common,
        planner,
        variants: variant.into_iter().collect(),
    };
    let tier_line = tier_value.as_ref().map(Value::line);
    Some(Loaded { workflow, file: path.to_owned(), tier_line, stated, later })
}

/// The fields of a brief, each with what `text` reads: the question that it answers, or what is said in it.
pub(super) fn brief<'a>(value: &Value<'a>, text: fn(&Value<'a>) -> Option<&'a str>) -> BTreeMap<BriefField, String> {
    let Some(table) = value.table() else { return BTreeMap::new() };
    let read = |(name, said): (&str, Value<'a>)| {
        let field = name.parse::<BriefField>();
        if let Err(error) = &field {
            said.fault(format!("{} is not a field of a brief", quoted(name)), format!("write {}", error.expected));
        }
        Some((field.ok()?, text(&said)?.to_owned()))
    };
    table.entries().filter_map(read).collect()
}

/// The six scores; 1 for each that is not there.
pub(super) fn risk(mut table: Table<'_>) -> Risk {
    let mut score = |key: &'static str| {
        let value = table
            .optional(key)
            .and_then(|value: Value<'_>| value.small_integer(u32::from(*SCORES.start())..=u32::from(*SCORES.end())));
        value.and_then(|score| u8::try_from(score).ok()).unwrap_or(*SCORES.start())
    };
    let risk = Risk {
        technical_complexity: score("technical_complexity"),
        scope_ambiguity: score("scope_ambiguity"),
        external_dependencies: score("external_dependencies"),
        security_sensitivity: score("security_sensitivity"),
        performance_impact: score("performance_impact"),
        data_integrity: score("data_integrity"),
    };
    table.finish();
    risk
}

/// The worker that plans: a program or a made-up one.
fn planner(value: &Value<'_>, chart: &Chart) -> Option<WorkerId> {
    let worker = reference::one_of(value, "worker", chart.workers.iter().map(|(id, worker)| (id.as_str(), worker)))?;
    if let WorkerKind::Human { person } = &worker.kind {
        value.fault(
            format!("worker `{}` is person `{person}`, and people do not plan by a job", worker.id),
            "name a worker of kind `command` or `simulated`; a person hands a plan in with the instruction",
        );
    }
    Some(worker.id.clone())
}

/// Who is asked about each plan.
fn consultations(tables: Vec<Table<'_>>, place: Place<'_>) -> Vec<ConsultTemplate> {
    let read = |mut table: Table<'_>| {
        let whom = table.required("whom", "`whom = \"security\"` (a domain, whose lead is asked) or `\"tech_lead\"`");
        let whom = whom.and_then(|value| match value.text()? {
            TECH_LEAD => Some(Role::TechLead(place.department.clone())),
            _domain => reference::domain(&value, Some(place.department), place.chart).map(Role::DomainLead),
        });
        let question = table.required("question", "`question = \"…\"`, what is asked").and_then(|value| {
            let text = value.text()?;
            program::check_text(&value, text, &[INSTRUCTION]);
            Some(text.to_owned())
        });
        let blocking = table.optional("blocking").and_then(|value| value.flag()).unwrap_or(false);
        let within = table.optional("within").and_then(|value| clocks::span(&value)).unwrap_or(USUAL_WAIT);
        table.finish();
        Some(ConsultTemplate { whom: whom?, question: question?, blocking, within })
    };
    tables.into_iter().filter_map(read).collect()
}

/// How much a file has of what, for its tier.
struct Size<'a> {
    root: &'a Table<'a>,
    tier: Option<&'a Value<'a>>,
    has_planner: bool,
    chart: &'a Chart,
}

impl Size<'_> {
    /// Whether it has steps that are to be counted. It must have steps or parts, and not both.
    fn shape(&self, steps: usize, parts: usize) -> bool {
        if steps > 0 && parts > 0 {
            self.root.fault(
                "this workflow has both steps and parts",
                "keep the steps where one department does it, or the parts where several do",
            );
        } else if steps == 0 && parts == 0 && !self.has_planner {
            self.root.fault(
                "this workflow has no step",
                "add a `[[step]]` with a `key`, a `title`, a `domain` and `criteria`, or name a `planner`",
            );
        } else if steps == 0
            && parts == 0
            && let Some(tier) = self.tier
        {
            tier.fault(
                "a tier is that of a template, and this workflow has no step",
                "drop `tier`, or add the steps that stand in for the planner",
            );
        }
        steps > 0 && parts == 0
    }

    /// Whether the number of steps is right for the tier, be it the workflow's own or the organisation's. A step for each
    /// of several counts that often; where only the plan can tell, it counts once and may be more.
    fn steps(&self, tier: Option<Tier>, steps: &[Step]) {
        let fault = |what: String, help: &str| match self.tier {
            Some(value) => value.fault(what, help),
            None => self.root.fault(what, help),
        };
        let whose = if tier.is_some() { "tier" } else { "the organisation's default tier" };
        let tier = tier.unwrap_or(self.chart.policy.default_tier);
        let (least, most) = size_limits(tier);
        let count: usize = steps.iter().map(tasks_of).sum();
        let may_be_more = steps.iter().any(|step| matches!(step.for_each, Some(ForEach::Glob(_) | ForEach::Brief(_))));
        if count <= most && (count >= least || may_be_more) {
            return;
        }
        let range = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let change = if count < least { "add" } else { "drop" };
        let help = match fitting_tier(count) {
            Some(fitting) => format!("set `tier = {fitting}`, or {change} steps"),
            None => "join steps, or make two workflows of it".to_owned(),
        };
        let has = if count == steps.len() {
            format!("this workflow has {count}")
        } else {
            format!("with each of its targets this workflow has {count}")
        };
        fault(format!("{whose} {tier} takes {range} steps, and {has}"), &help);
    }
}

/// The tasks that a step makes, at least.
fn tasks_of(step: &Step) -> usize {
    match &step.for_each {
        Some(ForEach::Items(items)) => items.len(),
        Some(ForEach::Glob(_) | ForEach::Brief(_)) | None => 1,
    }
}

/// The lowest tier that takes that many steps and has somebody look at the work afterwards, as the lowest of all has not.
fn fitting_tier(steps: usize) -> Option<Tier> {
    [Tier::Simple, Tier::Moderate, Tier::Complex, Tier::Expert].into_iter().find(|tier| {
        let (least, most) = size_limits(*tier);
        (least..=most).contains(&steps)
    })
}
