//! Workers that plan.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use echelon::actors::office::NoProbe;
use echelon::app::App;
use echelon::domain::command::Action;
use echelon::domain::event::{Event, InstructionEvent};
use echelon::domain::id::Sequence;
use echelon::domain::instruction::Request;
use echelon::domain::org::Chart;
use echelon::domain::plan::Plan;
use echelon::domain::role::Principal;
use echelon::ledger::Filter;
use tempfile::TempDir;
use tokio::time::timeout;

use super::chart_with;
use crate::supervision;
use crate::support::{PATIENCE, inside};

/// What came of the planning of one instruction: the reasons of refusals, and the plan or why there is none.
#[derive(Debug)]
struct Planning {
    refusals: Vec<String>,
    end: Result<Plan, String>,
}

/// Has an instruction planned, with this script as the planner.
async fn planned(chart: Chart, script: &str, request: Request) -> Planning {
    let folder = TempDir::new().expect("there is room for a folder");
    fs::write(folder.path().join("plan.sh"), script).expect("the script can be written");
    let chart = Chart { folder: folder.path().to_str().expect("a path of text").to_owned(), ..chart };
    let app = supervision::start(&folder.path().join("data"), Some(chart), Arc::new(NoProbe)).await;
    let planning = follow(&app, request).await;
    timeout(PATIENCE, app.stop()).await.expect("the daemon stops");
    planning
}

async fn follow(app: &App, request: Request) -> Planning {
    let office = app.office();
    let id = office.ids.clone().instruction();
    let asked = office.ledger.commit(&Principal::client(0), vec![Action::Submit { id, request }]).await;
    asked.expect("the ledger runs").into_iter().for_each(|result| drop(result.expect("it can be taken on")));
    let filter = Filter::instruction(id);
    let mut events = office.ledger.subscribe(Sequence(1), filter).await.expect("the ledger runs");
    let mut refusals = Vec::new();
    loop {
        let next = timeout(PATIENCE, events.next(&office.ledger)).await.expect("something happens");
        let entry = next.expect("the journal can be read").expect("the ledger runs");
        let end = match entry.event {
            Event::Instruction(_, InstructionEvent::PlanRefused { reason }) => {
                refusals.push(reason);
                continue;
            }
            Event::Instruction(_, InstructionEvent::Planned { plan }) => Ok(*plan),
            Event::Instruction(_, InstructionEvent::Rejected { reason }) => Err(reason),
            _others => continue,
        };
        return Planning { refusals, end };
    }
}

/// Tasks of a plan by their names, with how many others each needs.
fn shape(plan: &Plan) -> Vec<(&str, usize)> {
    plan.tasks.iter().map(|task| (task.key.as_str(), task.needs.len())).collect()
}

const GOOD: &str = r#"{"plan":{"risk":{"data_integrity":3},"tasks":[
  {"key":"verify","title":"Verify","domain":"qa","needs":["make"],"effort":1,"criteria":["it passes"]},
  {"key":"make","title":"Make","domain":"dev/backend","effort":2,"skills":["rust"],"position":"developer","criteria":["it works"]}]}}"#;

const CIRCLE: &str = r#"{"plan":{"tasks":[
  {"key":"a","title":"A","domain":"qa","needs":["b"],"effort":1,"criteria":["c"]},
  {"key":"b","title":"B","domain":"nowhere","needs":["a"],"effort":90,"criteria":[]}]}}"#;

/// Makes the bad plan until the job has the reason why it was refused.
fn learns() -> String {
    format!(
        "if grep -q 'a → b → a' \"$ECHELON_JOB\"; then\ncat > \"$ECHELON_OUTCOME\" <<'E'\n{GOOD}\nE\n\
         else\ncat > \"$ECHELON_OUTCOME\" <<'E'\n{CIRCLE}\nE\nfi\n"
    )
}

#[tokio::test]
async fn a_planner_learns_from_the_reasons_why_its_plan_was_refused() {
    let found = planned(chart_with(&[]), &learns(), inside::request("build it")).await;
    let [reason] = found.refusals.as_slice() else { panic!("one plan was refused: {found:?}") };
    for part in [
        "each needs the next: a → b → a",
        "b: department `dev` has no domain `nowhere`; it has backend, qa",
        "b: its effort is 90 h",
        "b: no criteria",
    ] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    let plan = found.end.expect("the second plan holds");
    assert_eq!(plan.source.to_string(), "planner planner");
    assert_eq!(shape(&plan), [("make", 0), ("verify", 1)], "each after what it needs");
    assert_eq!((plan.risk.data_integrity, plan.risk.scope_ambiguity), (3, 4), "the higher of plan and workflow");
}

#[tokio::test]
async fn the_template_stands_in_for_a_planner_that_always_lies() {
    let script = "echo '{\"plan\":{\"tasks\":[{\"key\":\"A B\"},{\"colour\":1}],\"cost\":3}}' > \"$ECHELON_OUTCOME\"";
    let found = planned(chart_with(&[]), script, inside::request("build it")).await;
    assert_eq!(found.refusals.len(), 2, "{found:?}");
    for part in ["/tasks/0", "/tasks/1", "cost"] {
        assert!(found.refusals[0].contains(part), "{part}: {}", found.refusals[0]);
    }
    let plan = found.end.expect("the template makes one");
    let source = "workflow feature, in place of a planner whose plans were refused";
    assert_eq!(plan.source.to_string(), source);
    assert_eq!(shape(&plan), [("code", 0), ("test", 1)]);
}

#[tokio::test]
async fn an_instruction_is_rejected_where_no_template_stands_in() {
    let steps = &super::FEATURE[super::FEATURE.find("[[step]]").expect("it has steps")..];
    let chart = chart_with(&[(steps, ""), ("tier = 2\nplanner", "planner")]);
    let found = planned(
        chart,
        "echo '{\"approve\":{\"summary\":\"fine\"}}' > \"$ECHELON_OUTCOME\"",
        Request { tier: Some(echelon::domain::work::Tier::Moderate), ..inside::request("build it") },
    )
    .await;
    assert_eq!(found.refusals.len(), 2, "{found:?}");
    let failed = "planner planner failed 2 times: `approve` does not answer a plan job";
    assert!(found.refusals[1].contains(failed), "{found:?}");
    let reason = found.end.expect_err("nothing makes a plan");
    assert!(reason.contains("has no template for tier 2") && reason.contains(failed), "{reason}");
}

#[tokio::test]
async fn a_planner_that_hangs_is_stopped_and_the_template_stands_in() {
    let chart = chart_with(&[("timeout = \"30s\"", "timeout = \"50ms\""), ("max_retries = 1", "max_retries = 0")]);
    let found = planned(chart, "sleep 600", inside::request("build it")).await;
    assert_eq!(found.refusals.len(), 2, "{found:?}");
    assert!(found.refusals.iter().all(|reason| reason.contains("ran longer than 50ms")), "{found:?}");
    assert!(found.end.is_ok(), "{found:?}");
}

#[tokio::test]
async fn a_planner_is_told_who_is_there_and_how_a_plan_is_written() {
    // The plan is made of what the job says, so that it holds only if the job says it.
    let script = "tr -d ' \\n' < \"$ECHELON_JOB\" > \"$ECHELON_WORKSPACE/job\"
for said in '\"kind\":\"plan\"' '\"tier\":2' '\"least_tasks\":2' '\"most_tasks\":8' '\"position\":\"tester\"' '\"rust\":\"expert\"' \\
  '\"tasks\":\"tactical\"' '\"text\":\"build\"' '\"Aplanforaninstruction\"'; do
  grep -qF \"$said\" \"$ECHELON_WORKSPACE/job\" || { echo \"the job does not say $said\" >&2; exit 1; }
done
[ \"$ECHELON_JOB_KIND\" = plan ] || exit 1
cat > \"$ECHELON_OUTCOME\" <<'E'\n";
    let found = planned(chart_with(&[]), &format!("{script}{GOOD}\nE\n"), inside::request("build")).await;
    assert_eq!(found.refusals, Vec::<String>::new());
    assert_eq!(found.end.expect("it holds").source.to_string(), "planner planner");
}

#[tokio::test]
async fn a_simulated_planner_makes_the_same_plan_of_the_same_instruction_and_says_so() {
    let chart = || chart_with(&[("planner = \"planner\"", "planner = \"sim\"")]);
    let found = planned(chart(), "", inside::request("build it")).await;
    let plan = found.end.expect("it plans");
    assert_eq!(plan.source.to_string(), "planner sim");
    assert!((2..=8).contains(&plan.tasks.len()));
    assert!(plan.tasks.iter().all(|task| task.work.title.starts_with("simulated: ")), "{plan:?}");
}

#[tokio::test]
async fn targets_are_the_files_of_the_repository_and_never_beyond_it() {
    let repository = TempDir::new().expect("there is room for a folder");
    let write = |path: &&str| {
        let path = repository.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, "x").expect("it can be written");
    };
    ["docs/b.md", "docs/a.md", "docs/deep/c.md", "docs/.hidden.md", "other/d.md", ".git/e.md"].iter().for_each(write);
    let outside = TempDir::new().expect("there is room for a folder");
    fs::write(outside.path().join("f.md"), "x").expect("it can be written");
    link(outside.path(), &repository.path().join("docs/link"));
    link(&outside.path().join("f.md"), &repository.path().join("docs/f.md"));
    let chart = |glob: &str| {
        chart_with(&[
            ("planner = \"planner\"", "needs_repository = true"),
            ("needs = [\"code\"]", &format!("needs = [\"code\"]\nfor_each = {{ glob = \"{glob}\" }}")),
            ("title = \"Test\"", "title = \"Test {item}\""),
        ])
    };
    let request = || Request {
        repository: Some(repository.path().to_str().expect("a path of text").to_owned()),
        ..inside::request("check")
    };
    let found = planned(chart("docs/**/*.md"), "", request()).await;
    let plan = found.end.expect("it can be planned");
    let titles: Vec<&str> = plan.tasks.iter().map(|task| task.work.title.as_str()).collect();
    assert_eq!(titles, ["Code check", "Test docs/a.md", "Test docs/b.md", "Test docs/deep/c.md"]);
    assert_eq!(shape(&plan), [("code", 0), ("test-docs-a-md", 1), ("test-docs-b-md", 1), ("test-docs-deep-c-md", 1)]);

    let found = planned(chart("*.rs"), "", request()).await;
    let reason = found.end.expect_err("there is nothing to do");
    assert!(reason.contains("no file of the repository matches `*.rs`"), "{reason}");
}

fn link(target: &Path, name: &Path) {
    std::os::unix::fs::symlink(target, name).expect("a link can be made");
}
