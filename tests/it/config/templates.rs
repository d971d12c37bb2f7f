//! What workflow files say about tiers, targets, milestones, parts and consultations, and the faults of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use echelon::domain::org::Chart;
use echelon::domain::role::Role;
use echelon::domain::time::{Effort, Millis};
use echelon::domain::work::{Priority, Tier};
use echelon::domain::workflow::ForEach;

use super::{Expected, changed, mismatch, parse};

/// A chart of two departments, with positions and a rule.
const CHART: &str = r#"[organisation]
name = "acme"
workflows = ["big.toml", "small.toml", "campaign.toml", "launch.toml"]
[policy]
approve_from = 4
[[department]]
id = "dev"
title = "Development"
[[department]]
id = "sales"
title = "Sales"
[[domain]]
department = "dev"
id = "backend"
title = "Backend"
[[domain]]
department = "dev"
id = "qa"
title = "Quality"
[[domain]]
department = "sales"
id = "field"
title = "Field"
[[ic]]
domain = "backend"
id = "ben"
title = "Developer"
role = "developer"
experience = "senior"
skills = { rust = "expert" }
worker = "sim"
[[ic]]
domain = "backend"
id = "dora"
title = "Database administrator"
role = "dba"
experience = "senior"
skills = { sql = "expert" }
worker = "sim"
[[ic]]
domain = "qa"
id = "quinn"
title = "Tester"
role = "tester"
experience = "mid"
worker = "sim"
[[ic]]
domain = "field"
id = "sam"
title = "Seller"
experience = "mid"
worker = "sim"
[[worker]]
id = "sim"
kind = "simulated"
[[worker]]
id = "ada"
kind = "human"
person = "ada"
[[person]]
id = "ada"
name = "Ada"
role = "manager"
[[triage]]
tier = 3
because = "it is a migration"
department = "dev"
work_type = ["feature"]
words = ["migration"]
brief_words = 10
domains = 2
risk = 20
priority = "high"
"#;

/// The templates of tier 3 of a work type that has two.
const BIG: &str = r#"work_type = "feature"
description = "Builds a feature in milestones."
department = "dev"
tier = 3
needs_repository = true
planner = "sim"
[brief]
goals = "What is it to achieve?"
phases = "Which phases, one per line?"
[risk]
technical_complexity = 6
[[consult]]
whom = "qa"
question = "Can {instruction} be tested?"
blocking = true
within = "2h"
[[consult]]
whom = "tech_lead"
question = "Anything to know?"
[[step]]
key = "design"
title = "Design"
role = "developer"
effort = "40h"
range = [24, 80]
checkpoint = true
criteria = ["it is written down"]
[[step]]
key = "build"
title = "Build {item}"
domain = "backend"
needs = ["design"]
for_each = ["api", "store"]
criteria = ["it works"]
[[step.task]]
key = "code"
title = "Code {item}"
role = "developer"
skills = ["rust"]
effort = "6h"
criteria = ["it compiles"]
[[step.task]]
key = "try"
title = "Try {item}"
role = "tester"
needs = ["code"]
effort = "2h"
criteria = ["it runs"]
[[step]]
key = "fix"
title = "Fix what was found"
domain = "qa"
needs = ["build"]
workflow = "feature"
criteria = ["nothing is left"]
[[step]]
key = "document"
title = "Document {item}"
domain = "backend"
for_each = { glob = "docs/*.md" }
effort = 4
criteria = ["it is current"]
[[step]]
key = "roll-out"
title = "Roll out {item}"
domain = "qa"
needs = ["fix"]
for_each = { brief = "phases" }
effort = 4
criteria = ["it is out"]
"#;

/// The template of tier 2 of the same work type.
const SMALL: &str = r#"work_type = "feature"
description = "Builds a small feature."
department = "dev"
tier = 2
[[step]]
key = "code"
title = "Code"
role = "dba"
effort = 3
criteria = ["it compiles"]
[[step]]
key = "test"
title = "Test"
domain = "qa"
needs = ["code"]
effort = "90m"
criteria = ["it passes"]
"#;

const CAMPAIGN: &str = r#"work_type = "campaign"
description = "Tells everybody."
department = "sales"
tier = 1
[[step]]
key = "tell"
title = "Tell everybody"
domain = "field"
effort = 1
criteria = ["everybody knows"]
"#;

const LAUNCH: &str = r#"work_type = "launch"
description = "Builds it and tells everybody."
department = "sales"
tier = 4
[[part]]
key = "build"
department = "dev"
work_type = "feature"
text = "Build {instruction}"
[[part]]
key = "tell"
department = "sales"
work_type = "campaign"
text = "Tell everybody about {instruction}"
needs = ["build"]
"#;

fn files() -> BTreeMap<PathBuf, Vec<u8>> {
    let named = [("big", BIG), ("small", SMALL), ("campaign", CAMPAIGN), ("launch", LAUNCH)];
    named.iter().map(|(name, text)| (PathBuf::from(format!("/srv/{name}.toml")), text.as_bytes().to_vec())).collect()
}

fn chart() -> Chart {
    parse(CHART, &files()).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn files_of_one_work_type_become_one_workflow_with_a_template_for_each_tier() {
    let chart = chart();
    let feature = &chart.workflows[&"feature".parse().expect("a name")];
    assert_eq!(feature.tiers().collect::<Vec<_>>(), [Tier::Moderate, Tier::Complex]);
    assert!(feature.needs_repository);
    assert_eq!(feature.planner.as_ref().map(|id| id.as_str()), Some("sim"));
    let risk = feature.risk_of(Tier::Complex);
    assert_eq!((risk.technical_complexity, risk.total()), (6, 11));
    assert_eq!(feature.risk_of(Tier::Moderate).total(), 6, "what a file of one tier says holds for that one only");
    let fields: Vec<_> = feature.brief.iter().map(|(field, question)| (field.as_str(), question.as_str())).collect();
    assert_eq!(fields, [("goals", "What is it to achieve?"), ("phases", "Which phases, one per line?")]);

    let [_, big] = feature.variants.as_slice() else { panic!("there are two templates") };
    let asked: Vec<_> = big.consultations.iter().map(|one| (one.whom.clone(), one.blocking, one.within)).collect();
    let qa = Role::DomainLead("dev/qa".parse().expect("two names"));
    let tech_lead = Role::TechLead("dev".parse().expect("a name"));
    assert_eq!(asked, [(qa, true, Millis::from_hours(2)), (tech_lead, false, Millis::from_hours(4))]);

    let [design, build, fix, document, roll_out] = big.steps.as_slice() else { panic!("there are five steps") };
    assert_eq!((design.domain.as_str(), design.checkpoint), ("dev/backend", true));
    assert_eq!(design.work.position.as_ref().map(|it| it.as_str()), Some("developer"));
    let range = design.range.expect("it has a range");
    assert_eq!((range.low, range.high), (Effort::from_hours(24.0), Effort::from_hours(80.0)));
    assert_eq!(build.for_each, Some(ForEach::Items(vec!["api".to_owned(), "store".to_owned()])));
    assert_eq!(build.work.effort, Effort::from_hours(8.0), "the sum of its tasks");
    let pieces: Vec<_> = build.outline.iter().map(|it| (it.key.as_str(), it.domain.as_str(), it.needs.len())).collect();
    assert_eq!(pieces, [("code", "dev/backend", 0), ("try", "dev/qa", 1)], "a role says which domain");
    let pieces: Vec<_> = fix.outline.iter().map(|it| (it.key.as_str(), it.domain.as_str())).collect();
    assert_eq!(pieces, [("code", "dev/backend"), ("test", "dev/qa")], "the steps of the smaller template");
    assert_eq!(fix.work.effort, Effort::from_hours(4.5));
    assert_eq!(document.for_each, Some(ForEach::Glob("docs/*.md".to_owned())));
    assert_eq!(roll_out.for_each, Some(ForEach::Brief("phases".parse().expect("a name"))));
}

#[test]
fn parts_rules_positions_and_who_approves_are_read() {
    let chart = chart();
    let launch = &chart.workflows[&"launch".parse().expect("a name")];
    let parts = &launch.variants[0].parts;
    let parts: Vec<_> = parts.iter().map(|it| (it.key.as_str(), it.department.as_str(), it.needs.len())).collect();
    assert_eq!(parts, [("build", "dev", 0), ("tell", "sales", 1)]);

    let [rule] = chart.triage.as_slice() else { panic!("there is one rule") };
    assert_eq!((rule.tier, rule.because.as_deref()), (Tier::Complex, Some("it is a migration")));
    assert_eq!((rule.words.as_slice(), rule.work_types.len()), (&["migration".to_owned()][..], 1));
    assert_eq!((rule.brief_words, rule.domains, rule.risk), (Some(10), Some(2), Some(20)));
    assert_eq!(rule.priority, Some(Priority::High));
    assert_eq!(chart.policy.approve_from, Some(Tier::Expert));
    let ben = &chart.ics[&"dev/backend/ben".parse().expect("three names")];
    assert_eq!(ben.position.as_ref().map(|it| it.as_str()), Some("developer"));
}

#[test]
fn every_fault_of_a_template_is_reported_with_its_line_and_what_would_be_right() {
    let cases: &[(&str, &str, &str, &str, Expected)] = &[
        (
            "a role that nobody has",
            "big.toml",
            "role = \"developer\"\neffort",
            "role = \"develper\"\neffort",
            &[(23, "no IC of department `dev` has role `develper`; did you mean `developer`?")],
        ),
        (
            "a role of another domain",
            "big.toml",
            "role = \"developer\"\neffort",
            "role = \"developer\"\ndomain = \"qa\"\neffort",
            &[(23, "no IC of domain `dev/qa` has role `developer`; such are in `dev/backend`")],
        ),
        (
            "a skill that is not that of the role",
            "big.toml",
            "skills = [\"rust\"]",
            "skills = [\"sql\"]",
            &[(39, "no IC of domain `dev/backend` with role `developer` has skill `sql`")],
        ),
        (
            "no repository for a glob",
            "big.toml",
            "needs_repository = true\n",
            "",
            &[(59, "this workflow needs none; add `needs_repository = true`")],
        ),
        (
            "a glob out of the repository",
            "big.toml",
            "docs/*.md",
            "../*.md",
            &[(60, "glob `../*.md` leads out of the repository")],
        ),
        (
            "a field that is not in the brief",
            "big.toml",
            "brief = \"phases\"",
            "brief = \"phase\"",
            &[(68, "field `phase` is not in the brief of `feature`; did you mean `phases`?")],
        ),
        ("no target", "big.toml", "[\"api\", \"store\"]", "[]", &[(33, "is an empty list; name at least one target")]),
        (
            "a target twice",
            "big.toml",
            "[\"api\", \"store\"]",
            "[\"api\", \"api\"]",
            &[(33, "target `api` is there twice")],
        ),
        (
            "targets that are a text",
            "big.toml",
            "[\"api\", \"store\"]",
            "\"api\"",
            &[(33, "is a string; write a list of texts, `{ glob = ")],
        ),
        (
            "a target where there is none",
            "big.toml",
            "title = \"Design\"",
            "title = \"Design {item}\"",
            &[(22, "`{item}` stands for nothing in a step that is done once; add `for_each`")],
        ),
        ("a range that ends before it begins", "big.toml", "[24, 80]", "[80, 24]", &[(25, "ends before it begins")]),
        (
            "a range that the effort is not within",
            "big.toml",
            "[24, 80]",
            "[50, 80]",
            &[(25, "is 50 h to 80 h, and the effort is 40 h")],
        ),
        ("a range of three", "big.toml", "[24, 80]", "[24, 80, 90]", &[(25, "has 3 items; write two")]),
        (
            "a task that takes longer than a day",
            "big.toml",
            "effort = \"6h\"",
            "effort = 30",
            &[(40, "is `30`; write hours, more than 0 and at most 24")],
        ),
        (
            "a milestone that takes longer than a year",
            "big.toml",
            "\"40h\"",
            "2001",
            &[(24, "is `2001`; write hours, more than 0 and at most 2000")],
        ),
        (
            "tasks that wait for each other",
            "big.toml",
            "skills = [\"rust\"]",
            "needs = [\"try\"]",
            &[(35, "none of these can start: `code` needs `try` needs `code`")],
        ),
        (
            "a need of another step's task",
            "big.toml",
            "needs = [\"code\"]",
            "needs = [\"design\"]",
            &[(46, "task `design` is not in this step")],
        ),
        (
            "a workflow that is not there",
            "big.toml",
            "workflow = \"feature\"",
            "workflow = \"campaign\"",
            &[(54, "department `dev` has no workflow `campaign`")],
        ),
        (
            "a planner that is a person",
            "big.toml",
            "planner = \"sim\"",
            "planner = \"ada\"",
            &[(6, "worker `ada` is person `ada`, and people do not plan by a job")],
        ),
        (
            "a score that is none",
            "big.toml",
            "technical_complexity = 6",
            "technical_complexity = 11",
            &[(11, "is `11`; write 1 to 10")],
        ),
        (
            "a score of nothing known",
            "big.toml",
            "technical_complexity = 6",
            "technical = 6",
            &[(11, "`technical` is not a key of `risk` of this workflow")],
        ),
        (
            "somebody asked who is not there",
            "big.toml",
            "whom = \"qa\"",
            "whom = \"quality\"",
            &[(13, "domain `quality` is not in this chart")],
        ),
        (
            "milestones in a small tier",
            "small.toml",
            "effort = 3",
            "effort = 3\ncheckpoint = true",
            &[(10, "tier 2 has no milestones, and only they stop for a go-ahead; set `tier = 3`")],
        ),
        (
            "what holds for all tiers, said in two ways",
            "small.toml",
            "tier = 2",
            "tier = 2\nneeds_repository = false",
            &[(
                5,
                "`needs_repository` of work type `feature` is different in `/srv/big.toml`; say it in one of its files",
            )],
        ),
        (
            "a part that is part of itself",
            "launch.toml",
            "work_type = \"campaign\"",
            "work_type = \"launch\"",
            &[(13, "these would be made of each other without end: `launch` has a part `launch`")],
        ),
        (
            "a part of no department",
            "launch.toml",
            "department = \"dev\"",
            "department = \"sales\"",
            &[(8, "department `sales` has no workflow `feature`; choose from `campaign`, `launch`")],
        ),
        (
            "steps beside parts",
            "launch.toml",
            "[[part]]\nkey = \"tell\"",
            "[[step]]\nkey = \"x\"\ntitle = \"X\"\ndomain = \"field\"\neffort = 1\ncriteria = [\"c\"]\n[[part]]\nkey = \"tell\"",
            &[(0, "this workflow has both steps and parts")],
        ),
    ];
    let run = |(name, file, from, to, expected): &(&str, &str, &str, &str, Expected)| {
        let mut files = files();
        let path = PathBuf::from(format!("/srv/{file}"));
        let text = String::from_utf8(files[&path].clone()).expect("it is text");
        files.insert(path, changed(name, &text, from, to).into_bytes());
        mismatch(name, file, parse(CHART, &files), expected)
    };
    let wrong: Vec<String> = cases.iter().filter_map(run).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fault_of_a_rule_is_reported_with_its_line_and_what_would_be_right() {
    let cases: &[(&str, &str, &str, Expected)] = &[
        ("no tier", "tier = 3\nbecause", "because", &[(64, "this triage rule has no `tier`")]),
        (
            "a work type that is not there",
            "[\"feature\"]",
            "[\"featre\"]",
            &[(68, "work type `featre` is not in this chart; did you mean `feature`?")],
        ),
        (
            "a work type of another department",
            "[\"feature\"]",
            "\"campaign\"",
            &[(68, "work type `campaign` is of department `sales`, and the rule of `dev`")],
        ),
        ("no word", "[\"migration\"]", "[]", &[(69, "is an empty list; name at least one, or drop the key")]),
        ("a risk beyond all", "risk = 20", "risk = 61", &[(72, "is `61`; write 6 to 60")]),
        (
            "a priority that is none",
            "\"high\"",
            "\"urgent\"",
            &[(73, "choose from `low`, `normal`, `high`, `critical`")],
        ),
        (
            "a misspelt condition",
            "brief_words",
            "words_in_brief",
            &[(70, "`words_in_brief` is not a key of this triage")],
        ),
    ];
    let run = |(name, from, to, expected): &(&str, &str, &str, Expected)| {
        mismatch(name, "org.toml", parse(&changed(name, CHART, from, to), &files()), expected)
    };
    let wrong: Vec<String> = cases.iter().filter_map(run).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_role_of_several_domains_asks_for_one_of_them() {
    let chart = changed("role", CHART, "role = \"tester\"", "role = \"developer\"");
    let faults = parse(&chart, &files()).expect_err("two domains have developers").to_string();
    let told = "big.toml:23: more than one domain has ICs with role `developer`; add `domain`, one of `backend`, `qa`";
    assert!(faults.contains(told), "{faults}");
    // A task of a milestone stays with the milestone's own domain where that has the role.
    assert!(!faults.contains("big.toml:38"), "{faults}");
}

#[test]
fn two_files_of_one_tier_do_not_go_together() {
    let chart = changed("twice", CHART, "\"small.toml\"", "\"small.toml\", \"./small.toml\"");
    let expected: Expected = &[(4, "it plans tier 2 of work type `feature`, as `/srv/small.toml` does; keep one")];
    let mut files = files();
    files.insert(PathBuf::from("/srv/./small.toml"), SMALL.as_bytes().to_vec());
    assert_eq!(mismatch("twice", "./small.toml", parse(&chart, &files), expected), None);
}

#[test]
fn a_work_type_is_of_one_department_and_no_template_leads_back_to_itself() {
    for (name, file, from, to, told) in [
        (
            "two departments",
            "campaign.toml",
            "work_type = \"campaign\"",
            "work_type = \"feature\"",
            "/srv/campaign.toml: work type `feature` is of department `dev` in `/srv/big.toml`, and of `sales` here",
        ),
        (
            "a circle",
            "small.toml",
            "tier = 2\n[[step]]",
            "[[step]]\nworkflow = \"feature\"",
            "step `code` is broken down by workflow `feature`, whose step `code` is broken down too, and so in a circle",
        ),
    ] {
        let mut files = files();
        let path = PathBuf::from(format!("/srv/{file}"));
        let text = String::from_utf8(files[&path].clone()).expect("it is text");
        files.insert(path, changed(name, &text, from, to).into_bytes());
        let faults = parse(CHART, &files).expect_err(name).to_string();
        assert!(faults.contains(told), "{name}: {faults}");
    }
}
