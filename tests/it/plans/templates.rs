//! Plans by workflow files: targets, parts and texts; and what leads make of their outlines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use echelon::domain::command::{Action, Command, InstructionAction};
use echelon::domain::decide::execute;
use echelon::domain::event::{Event, TaskEvent};
use echelon::domain::id::InstructionId;
use echelon::domain::instruction::{Request, StateName};
use echelon::domain::org::Chart;
use echelon::domain::plan::template::{self, Given, Targets};
use echelon::domain::plan::{Plan, Source};
use echelon::domain::policy::{Ids, Move, moves};
use echelon::domain::risk::Risk;
use echelon::domain::role::{Principal, Role};
use echelon::domain::state::State;
use echelon::domain::time::{OrgTime, Stamp, WallTime};
use echelon::domain::work::Tier;
use echelon::domain::workflow::{ForEach, Variant};
use proptest::prelude::*;

use super::chart_with;
use crate::support::inside::{self, NewIds};

fn variant(chart: &Chart) -> Variant {
    chart.workflows[&"feature".parse().expect("a name")].variants[0].clone()
}

fn plan(variant: &Variant, text: &str, brief: &[(&str, &str)], targets: &Targets) -> Result<Plan, String> {
    let brief: BTreeMap<_, _> =
        brief.iter().map(|(field, said)| (field.parse().expect("a name"), (*said).to_owned())).collect();
    let given = Given { text, brief: &brief, targets };
    template::plan(variant, Tier::Moderate, Source::File, Risk::default(), given, &mut NewIds::default())
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.tasks.iter().map(|task| task.key.as_str()).collect()
}

#[test]
fn a_step_for_each_of_several_is_as_many_tasks_with_names_of_their_own() {
    let mut variant = variant(&chart_with(&[]));
    let long = "x/".repeat(80);
    let items = ["API", "api", "  ", "ünï", "docs/stories/log in.md", &long];
    variant.steps[0].for_each = Some(ForEach::Items(items.map(str::to_owned).to_vec()));
    let made = plan(&variant, "it", &[], &Targets::new()).expect("it can be planned");
    let keys = names(&made);
    assert_eq!(keys[..5], ["code-api", "code-api-2", "code-2", "code-n", "code-docs-stories-log-in-md"]);
    assert!(keys[5].starts_with("code-x-x") && keys[5].len() <= 64, "{}", keys[5]);
    assert_eq!(made.tasks[6].needs.len(), 6, "what needs the step needs all of its tasks");
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
}

#[test]
fn what_is_filled_in_is_never_a_place_itself() {
    let mut variant = variant(&chart_with(&[]));
    variant.steps[0].work.title = "{item}: {instruction} {x} {".to_owned();
    variant.steps[0].for_each = Some(ForEach::Items(vec!["{instruction}".to_owned()]));
    let made = plan(&variant, "{item}", &[], &Targets::new()).expect("it can be planned");
    assert_eq!(made.tasks[0].work.title, "{instruction}: {item} {x} {");
}

#[test]
fn lines_of_the_brief_are_targets_and_without_one_there_is_no_plan() {
    let mut variant = variant(&chart_with(&[]));
    variant.steps[1].for_each = Some(ForEach::Brief("phases".parse().expect("a name")));
    let made = plan(&variant, "it", &[("phases", "one\n\n two \none\n")], &Targets::new()).expect("it can be planned");
    assert_eq!(names(&made), ["code", "test-one", "test-two"]);
    variant.steps[0].for_each = Some(ForEach::Glob("*.md".to_owned()));
    let told = plan(&variant, "it", &[("phases", " ")], &Targets::new()).expect_err("there are no targets");
    assert_eq!(
        told,
        "step code has no targets: no file of the repository matches `*.md`; \
         step test has no targets: field `phases` of the brief has no line"
    );
}

/// Milestones of which the first two are outlined, the second with work that nobody is qualified for.
fn milestones() -> Chart {
    let outline = "[[step.task]]\nkey = \"verify\"\ntitle = \"Verify\"\nrole = \"tester\"\nneeds = [\"make\"]\neffort = 1\n\
                   criteria = [\"c\"]\n[[step.task]]\nkey = \"make\"\ntitle = \"Make\"\neffort = 2\ncriteria = [\"c\"]\n";
    let more: String = (1..=3)
        .map(|n| {
            format!("[[step]]\nkey = \"more-{n}\"\ntitle = \"M\"\ndomain = \"qa\"\neffort = 30\ncriteria = [\"c\"]\n")
        })
        .collect();
    chart_with(&[
        ("planner = \"planner\"", ""),
        ("tier = 2", "tier = 3"),
        ("effort = 3\ncriteria = [\"it compiles\"]\n", &format!("effort = 3\ncriteria = [\"it compiles\"]\n{outline}")),
        ("needs = [\"code\"]\neffort = 1", "needs = [\"code\"]\nworkflow = \"small\"\neffort = 1"),
        ("criteria = [\"it passes\"]\n", &format!("criteria = [\"it passes\"]\n{more}")),
    ])
}

/// The core by itself: every place does what policy says, until nothing is left to do but work.
struct Core {
    state: State,
    ids: NewIds,
    events: Vec<Event>,
    millis: i64,
}

impl Core {
    fn new(chart: Chart) -> Self {
        let mut core = Self { state: State::default(), ids: NewIds::default(), events: Vec::new(), millis: 0 };
        core.give(Principal::system(), Action::ApplyChart(Arc::new(chart)));
        core
    }

    fn at(&self) -> Stamp {
        Stamp { org: OrgTime::from_millis(self.millis), wall: WallTime::from_millis(self.millis) }
    }

    fn give(&mut self, principal: Principal, action: Action) {
        self.millis += 1;
        let command = Command { at: self.at(), principal, action };
        let name = command.action.name();
        match execute(&mut self.state, &command) {
            Ok(entries) => self.events.extend(entries.into_iter().map(|entry| entry.event)),
            Err(rejection) => panic!("could not {name}: {rejection}"),
        }
    }

    fn submit(&mut self, request: Request) -> InstructionId {
        let id = self.ids.instruction();
        self.give(Principal::client(0), Action::Submit { id, request });
        id
    }

    /// Has every place take its turn until only work is owed.
    fn settle(&mut self) {
        loop {
            let roles: BTreeSet<Role> = self.state.owed().map(|(role, _)| role.clone()).collect();
            let mut happened = false;
            for role in roles {
                let at = self.at();
                for next in moves(&self.state, &role, at, &mut self.ids) {
                    if let Move::Commit(action) = next {
                        let command = Command { at, principal: Principal::role(role.clone()), action };
                        if let Ok(entries) = execute(&mut self.state, &command) {
                            happened |= !entries.is_empty();
                            self.events.extend(entries.into_iter().map(|entry| entry.event));
                        }
                    }
                }
            }
            if !happened {
                return;
            }
        }
    }

    /// The children of a milestone: their names, domains and how many others each needs.
    fn children(&self, key: &str) -> Vec<(String, String, usize)> {
        let parent = self.state.tasks.values().find(|task| task.key.as_str() == key).expect("it is planned");
        let children = parent.children.iter().filter_map(|id| self.state.tasks.get(id));
        children.map(|task| (task.key.to_string(), task.domain.name().to_owned(), task.needs.len())).collect()
    }

    fn refused(&self) -> Vec<&str> {
        let reason = |event| match event {
            &Event::Task(_, TaskEvent::ProposalRefused { ref reason }) => Some(reason.as_str()),
            _others => None,
        };
        self.events.iter().filter_map(reason).collect()
    }
}

fn owned(children: &[(&str, &str, usize)]) -> Vec<(String, String, usize)> {
    children.iter().map(|(key, domain, needs)| ((*key).to_owned(), (*domain).to_owned(), *needs)).collect()
}

#[test]
fn an_outline_that_crosses_domains_is_shown_to_the_tech_lead_and_broken_down_as_it_says() {
    let mut core = Core::new(milestones());
    core.submit(inside::request("build it"));
    core.settle();
    assert_eq!(core.children("code"), owned(&[("make", "backend", 0), ("verify", "qa", 1)]));
    let proposed = core.events.iter().any(|event| matches!(event, Event::Task(_, TaskEvent::Proposed { .. })));
    assert!(proposed && core.refused().is_empty());
    assert_eq!(core.children("more-1"), owned(&[("more-1-work", "qa", 0)]), "one piece of work without an outline");
}

#[test]
fn an_outline_that_nobody_of_the_other_domain_can_do_is_sent_back_and_taken_as_one_piece() {
    let mut chart = milestones();
    let feature = chart.workflows.get_mut(&"feature".parse().expect("a name")).expect("it is there");
    let piece = &mut feature.variants[0].steps[0].outline[0];
    assert_eq!(piece.key.as_str(), "verify");
    piece.work.skills.insert("rust".parse().expect("a name"));
    let mut core = Core::new(chart);
    let id = core.submit(inside::request("build it"));
    core.settle();
    // Nobody is qualified for all of it, so a person is asked, who says go.
    let approve = InstructionAction::ApprovePlan { review: Vec::new() };
    core.give(Principal::client(0), Action::Instruction(id, approve));
    core.settle();
    assert_eq!(core.refused(), ["verify: nobody in dev/qa is qualified for it (it asks for tester, rust)"]);
    assert_eq!(core.children("code"), owned(&[("code-work", "backend", 0)]));
}

#[test]
fn a_plan_that_comes_with_an_instruction_is_taken_or_told_why_not() {
    let draft = |domain: &str| {
        let task = |key: &str| serde_json::json!({ "key": key, "title": "T", "domain": domain, "effort": 1, "criteria": ["c"] });
        let draft = serde_json::json!({ "tasks": [task("a"), task("b")] });
        Request { plan: Some(serde_json::from_value(draft).expect("a plan")), ..inside::request("build it") }
    };
    let mut core = Core::new(chart_with(&[]));
    let good = core.submit(draft("qa"));
    let bad = core.submit(draft("design"));
    core.settle();
    let planned = core.state.instructions[&good].plan.as_ref().expect("it is planned");
    assert_eq!(planned.source, Source::File);
    assert_eq!(core.state.ended(bad), Some(StateName::Rejected));
}

#[test]
fn parts_are_named_and_each_comes_after_those_it_needs() {
    use echelon::domain::workflow::PartTemplate;
    let part = |key: &str, needs: &[&str]| PartTemplate {
        key: key.parse().expect("a name"),
        department: "dev".parse().expect("a name"),
        work_type: "small".parse().expect("a name"),
        text: "part of {instruction}".to_owned(),
        needs: needs.iter().map(|need| need.parse().expect("a name")).collect(),
    };
    let variant = Variant { parts: vec![part("late", &["early"]), part("early", &[])], ..Variant::default() };
    let made = plan(&variant, "it", &[], &Targets::new()).expect("it can be planned");
    let [early, late] = made.parts.as_slice() else { panic!("there are two parts") };
    assert_eq!((early.key.as_str(), late.needs.as_slice()), ("early", &[early.id][..]));
    assert_eq!(late.text, "part of it");
}

proptest! {
    #[test]
    fn templates_make_plans_in_which_each_task_comes_after_those_it_needs(
        needs in prop::collection::vec(prop::collection::vec(0..8_usize, 0..4), 1..8),
        copies in prop::collection::vec(0..4_usize, 8),
    ) {
        let template = variant(&chart_with(&[]));
        let key = |index: usize| format!("s{index}").parse().expect("a name");
        let steps = needs.iter().enumerate().map(|(index, needs)| {
            let mut step = template.steps[0].clone();
            step.key = key(index);
            step.needs = needs.iter().map(|need| key(*need)).collect();
            let items = (0..copies[index]).map(|n| format!("i{n}")).collect::<Vec<_>>();
            step.for_each = (!items.is_empty()).then_some(ForEach::Items(items));
            step
        });
        let variant = Variant { steps: steps.collect(), ..Variant::default() };
        if let Ok(made) = plan(&variant, "it", &[], &Targets::new()) {
            let mut known = BTreeSet::new();
            for task in &made.tasks {
                prop_assert!(task.needs.iter().all(|need| known.contains(need)));
                prop_assert!(known.insert(task.id));
            }
            let names: BTreeSet<_> = made.tasks.iter().map(|task| &task.key).collect();
            prop_assert_eq!(names.len(), made.tasks.len());
        }
    }
}
