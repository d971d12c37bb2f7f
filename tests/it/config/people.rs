//! People, the work and the reviews that are theirs, and the places that nobody stands at.

use std::collections::BTreeMap;

use echelon::domain::org::{Person, PersonRole, ReviewPolicy, WorkerKind};
use echelon::domain::role::Role;

use super::{Case, Expected, assert_each, assert_faults, changed, parse};

/// A chart that uses every key about people.
pub(super) const CHART: &str = r#"organisation.name = "acme"
[[department]]
id = "software"
title = "Software"
review = "person"
[[domain]]
id = "backend"
title = "Backend"
lead = { review = "person" }
[[domain]]
id = "qa"
title = "Quality"
lead = { worker = "ada" }
[[ic]]
domain = "backend"
id = "ben"
title = "Developer"
experience = "mid"
worker = "ada"
[[ic]]
domain = "qa"
id = "ben"
title = "Tester"
experience = "mid"
worker = "ada"
[[worker]]
id = "ada"
kind = "human"
person = "ada"
[[worker]]
id = "otto"
kind = "human"
person = "otto"
reviews = false
[[person]]
id = "ada"
name = "Ada Lovelace"
role = "contributor"
department = "software"
uid = 1000
[[person]]
id = "otto"
uid = 4294967295
[[absence]]
role = "backend:lead"
reason = "on leave"
[[absence]]
role = "person:otto"
reason = "ill"
"#;

#[test]
fn everything_a_chart_says_about_people_is_in_what_is_read() {
    let chart = parse(CHART, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
    let ada = Person {
        id: "ada".parse().expect("a name"),
        name: "Ada Lovelace".to_owned(),
        role: PersonRole::Contributor,
        department: Some("software".parse().expect("a name")),
        uid: Some(1000),
    };
    let otto = Person {
        id: "otto".parse().expect("a name"),
        name: "otto".to_owned(),
        role: PersonRole::Manager,
        department: None,
        uid: Some(u32::MAX),
    };
    let absences = BTreeMap::from([
        (Role::DomainLead("software/backend".parse().expect("two names")), "on leave".to_owned()),
        (Role::Person(otto.id.clone()), "ill".to_owned()),
    ]);
    assert_eq!(chart.absences, absences);
    let workers: Vec<_> = chart.workers.values().map(|it| (it.kind.clone(), it.reviews)).collect();
    let human = |person: &Person| WorkerKind::Human { person: person.id.clone() };
    assert_eq!(workers, [(human(&ada), true), (human(&otto), false)]);
    assert_eq!(chart.people.into_values().collect::<Vec<_>>(), [ada, otto]);
    let departments: Vec<_> = chart.departments.values().map(|it| it.review).collect();
    assert_eq!(departments, [ReviewPolicy::Person]);
    let domains: Vec<_> = chart.domains.values().map(|it| (it.review, it.lead_worker.is_some())).collect();
    assert_eq!(domains, [(ReviewPolicy::Person, false), (ReviewPolicy::Checks, true)]);
    assert!(chart.ics.values().all(|ic| ic.worker.as_str() == "ada"), "two may share a worker");
}

#[test]
fn every_fault_about_people_is_reported_with_its_line_and_what_would_be_right() {
    let cases: &[Case] = &[
        (
            "no id",
            "id = \"otto\"\nuid",
            "uid",
            &[
                (33, "person `otto` is not in this chart; choose from `ada`"),
                (41, "this person has no `id`; add `id = \"ada\"`"),
                (47, "`person:otto` is not a place in this chart"),
            ],
        ),
        (
            "two people of one name",
            "[[absence]]",
            "[[person]]\nid = \"ada\"\n[[absence]]",
            &[(44, "person `ada` is already declared in line 35")],
        ),
        ("two people of one uid", "4294967295", "1000", &[(43, "person `ada` has uid 1000 already; give each their")]),
        ("a uid too high", "4294967295", "4294967296", &[(43, "is `4294967296`; write 0 to 4294967295")]),
        ("a uid below 0", "4294967295", "-1", &[(43, "is `-1`; write 0 to")]),
        ("an empty name", "\"Ada Lovelace\"", "\"\"", &[(37, "`name` of person `ada` is empty")]),
        (
            "a role that is none is one fault",
            "uid = 4294967295",
            "role = \"manger\"",
            &[(43, "`role` of person `otto` is `manger`; did you mean `manager`?")],
        ),
        (
            "nobody who decides",
            "uid = 4294967295",
            "role = \"contributor\"",
            &[(35, "nobody could decide anything; give one person the role `manager` or `operator`")],
        ),
        (
            "a department that is not there",
            "department = \"software\"",
            "department = \"softwear\"",
            &[(39, "department `softwear` is not in this chart; did you mean `software`?")],
        ),
        (
            "an unknown key",
            "uid = 4294967295",
            "user = 4294967295",
            &[(43, "`user` is not a key of person `otto`; its keys are `id`, `name`, `role`, `department`, `uid`")],
        ),
        ("one bracket too few", "[[person]]\nid = \"ada\"", "[person]\nid = \"ada\"", &[(41, "is not TOML")]),
        (
            "a worker who is not there",
            "person = \"otto\"",
            "person = \"oto\"",
            &[(33, "person `oto` is not in this chart; did you mean `otto`?")],
        ),
        ("a worker who is nobody", "person = \"ada\"\n", "", &[(26, "worker `ada` has no `person`; add `person = ")]),
        (
            "a worker who only looks",
            "\"contributor\"",
            "\"observer\"",
            &[(29, "person `ada` is an observer, who only looks; give them the role `contributor` or a higher one")],
        ),
        (
            "a key of another kind of worker",
            "person = \"ada\"",
            "person = \"ada\"\ntimeout = \"1h\"",
            &[(30, "`timeout` is not a key of worker `ada`")],
        ),
        (
            "a kind that is none is one fault",
            "kind = \"human\"",
            "kind = \"humane\"",
            &[(28, "`kind` of worker `ada` is `humane`; did you mean `human`?")],
        ),
        (
            "a lead's worker who does not review",
            "lead = { worker = \"ada\" }",
            "lead = { worker = \"otto\" }",
            &[(13, "worker `otto` does not review")],
        ),
        ("an absence of nobody", "role = \"backend:lead\"\n", "", &[(44, "this absence has no `role`; add `role = ")]),
        ("an absence without a reason", "reason = \"ill\"\n", "", &[(47, "this absence has no `reason`")]),
        ("an empty reason", "\"ill\"", "\" \"", &[(49, "`reason` of this absence is empty")]),
        (
            "an absence twice",
            "person:otto",
            "software/backend:lead",
            &[(48, "`software/backend:lead` is absent already, as line 45 says; say it once")],
        ),
        (
            "a place that is not there",
            "backend:lead",
            "backnd:lead",
            &[(45, "`backnd:lead` is not a place in this chart; did you mean `backend:lead`?")],
        ),
        ("a misspelt IC", "person:otto", "backend/bn", &[(48, "did you mean `backend/ben`?")]),
        ("a misspelt person", "person:otto", "person:oto", &[(48, "did you mean `person:otto`?")]),
        ("a place like no other", "backend:lead", "somewhere", &[(45, "write a lead (`backend:lead`), a `tech-lead`")]),
        ("a domain is no place", "person:otto", "software/qa", &[(48, "`software/qa` is not a place in this chart")]),
        ("the root cannot be absent", "person:otto", "organisation", &[(48, "`organisation` is not a place")]),
        ("nor can whoever operates it", "person:otto", "operator", &[(48, "`operator` is not a place")]),
    ];
    assert_each(CHART, cases);
}

#[test]
fn a_place_is_named_as_it_is_shown_or_without_its_department_where_there_is_one() {
    for (text, shown) in [
        ("software/backend:lead", "software/backend:lead"),
        ("qa:lead", "software/qa:lead"),
        ("software:tech-lead", "software:tech-lead"),
        ("tech-lead", "software:tech-lead"),
        ("software:engineering-manager", "software:engineering-manager"),
        ("engineering-manager", "software:engineering-manager"),
        ("software/backend/ben", "software/backend/ben"),
        ("qa/ben", "software/qa/ben"),
        ("person:ada", "person:ada"),
    ] {
        let text = changed(text, CHART, "backend:lead", text);
        let chart = parse(&text, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
        assert!(chart.absences.keys().any(|role| role.to_string() == shown), "{shown}: {:?}", chart.absences);
    }
}

#[test]
fn a_place_of_two_departments_has_to_be_named_in_full() {
    let chart = r#"organisation.name = "two"
department = [{ id = "a", title = "A" }, { id = "b", title = "B" }]
domain = [{ id = "dev", title = "Dev", department = "a" }, { id = "dev", title = "Dev", department = "b" }]
worker = [{ id = "sim", kind = "simulated" }]
ic = [
  { id = "x", domain = "a/dev", title = "X", experience = "mid", worker = "sim" },
  { id = "x", domain = "b/dev", title = "X", experience = "mid", worker = "sim" },
]
[[absence]]
role = "a/dev:lead"
reason = "on leave"
"#;
    let read = parse(chart, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(read.absences.keys().map(ToString::to_string).collect::<Vec<_>>(), ["a/dev:lead"]);
    let table: &[(&str, Expected)] = &[
        ("dev:lead", &[(10, "`dev:lead` is in more than one department; write the department too: `a/dev:lead`, `b/")]),
        ("dev/x", &[(10, "write the department too: `a/dev/x`, `b/dev/x`")]),
        ("tech-lead", &[(10, "write the department too: `a:tech-lead`, `b:tech-lead`")]),
        ("engineering-manager", &[(10, "`a:engineering-manager`, `b:engineering-manager`")]),
    ];
    for (text, expected) in table {
        let chart = changed(text, chart, "a/dev:lead", text);
        assert_faults(text, "org.toml", parse(&chart, &BTreeMap::new()), expected);
    }
}
