//! The faults of charts.

use std::collections::BTreeMap;

use super::{CHART, Case, Expected, assert_each, assert_faults, parse};

#[test]
fn every_fault_of_a_chart_is_reported_with_its_line_and_what_would_be_right() {
    let cases: &[Case] = &[
        ("not TOML", "name = \"acme\"", "name = ", &[(2, "is not TOML")]),
        ("a key twice", "seed = 7", "seed = 7\nseed = 8", &[(52, "is not TOML: duplicate key")]),
        ("no organisation", "[organisation]\nname", "[organization]\nname", &[(1, "did you mean `organisation`?")]),
        (
            "a table that must be a list",
            "[[department]]",
            "[department]",
            &[(10, "`department` is a table; write `[[department]]`, once for each department")],
        ),
        ("an empty name", "name = \"acme\"", "name = \" \"", &[(2, "`name` of `organisation` of this chart is empty")]),
        ("a name of two lines", "\"acme\"", "\"a\\nb\"", &[(2, "has a line break")]),
        (
            "an unknown key",
            "parallel_limit = 3",
            "paralel_limit = 3",
            &[(31, "`paralel_limit` is not a key of IC `ben`; did you mean `parallel_limit`?")],
        ),
        (
            "a key like no other",
            "seed = 7",
            "colour = 7",
            &[(51, "`colour` is not a key of worker `sim`; its keys are `id`, ")],
        ),
        ("a key of the other kind", "seed = 7", "timeout = \"1m\"", &[(51, "`timeout` is not a key of worker `sim`")]),
        ("a missing key", "title = \"Tester\"\n", "", &[(33, "IC `quinn` has no `title`; add `title = ")]),
        ("a misspelt key is one fault", "title = \"Tester\"", "titel = \"Tester\"", &[(36, "did you mean `title`?")]),
        (
            "a wrong type",
            "hours_per_day = 7.5",
            "hours_per_day = \"8\"",
            &[(30, "`hours_per_day` of IC `ben` is a string; write a number")],
        ),
        (
            "another wrong type",
            "reviews = true",
            "reviews = \"yes\"",
            &[
                (19, "worker `sim` does not review"),
                (52, "`reviews` of worker `sim` is a string; write `true` or `false`"),
            ],
        ),
        ("a wrong type in a list", "[\"redis\"]", "[\"redis\", 1]", &[(29, "an item of `wants_to_learn` of IC `ben`")]),
        (
            "a domain that is not there",
            "domain = \"backend\"",
            "domain = \"backnd\"",
            &[(24, "domain `backnd` is not in this chart; did you mean `backend`?")],
        ),
        (
            "a worker that is not there",
            "worker = \"shell\"",
            "worker = \"robot\"",
            &[(32, "worker `robot` is not in this chart; choose from `shell`, `sim`")],
        ),
        (
            "a department that is not there",
            "department = \"software\"",
            "department = \"softwar\"",
            &[(16, "department `softwar` is not in this chart; did you mean `software`?")],
        ),
        (
            "a lead without a worker",
            "lead = { worker = \"sim\" }",
            "lead = {}",
            &[(19, "`lead` of domain `backend` has neither `worker` nor `review`; add `worker = ")],
        ),
        (
            "a misspelt key of a lead is one fault",
            "lead = { worker = \"sim\" }",
            "lead = { reviw = \"person\" }",
            &[(19, "`reviw` is not a key of `lead` of domain `backend`; did you mean `review`?")],
        ),
        (
            "a lead with both a worker and a review policy",
            "lead = { worker = \"sim\" }",
            "lead = { worker = \"sim\", review = \"checks\" }",
            &[(19, "a lead reviews with its worker, and `review` is for a lead without one; drop `review`")],
        ),
        (
            "a review policy that is none",
            "lead = { worker = \"sim\" }",
            "lead = { review = \"persons\" }",
            &[(19, "`review` of `lead` of domain `backend` is `persons`; did you mean `person`?")],
        ),
        (
            "a department's review policy that is none",
            "title = \"Software\"",
            "title = \"Software\"\nreview = \"nobody\"",
            &[(13, "`review` of department `software` is `nobody`; choose from `checks`, `person`")],
        ),
        (
            "a lead's worker that does not review",
            "lead = { worker = \"sim\" }",
            "lead = { worker = \"shell\" }",
            &[(19, "set `reviews = true` there")],
        ),
        (
            "two ICs of one name",
            "[[worker]]",
            "[[ic]]\ndomain = \"qa\"\nid = \"quinn\"\ntitle = \"Q\"\nexperience = \"mid\"\nworker = \"sim\"\n[[worker]]",
            &[(39, "IC `quinn` is already declared in line 33")],
        ),
        (
            "two workers of one name",
            "id = \"shell\"",
            "id = \"sim\"",
            &[
                (32, "worker `shell` is not in this chart; choose from `sim`"),
                (45, "worker `sim` is already declared in line 39"),
            ],
        ),
        (
            "two domains of one name",
            "[[worker]]",
            "[[domain]]\nid = \"backend\"\ntitle = \"B\"\n[[worker]]",
            &[(39, "domain `backend` is already declared in line 15; give one of them another `id`")],
        ),
        (
            "an empty domain",
            "domain = \"backend\"",
            "domain = \"qa\"",
            &[(15, "domain `backend` has no IC; add an `[[ic]]` with `domain = \"backend\"`")],
        ),
        (
            "an empty department",
            "[[domain]]",
            "[[department]]\nid = \"talent\"\ntitle = \"Talent\"\n[[domain]]",
            &[
                (15, "department `talent` has no domain"),
                (23, "domain `qa` has no `department`; add one of `software`, `talent`"),
            ],
        ),
        (
            "a bad name",
            "id = \"ben\"",
            "id = \"Ben Smith\"",
            &[(25, "is `Ben Smith`, which is not a name; use up to 64")],
        ),
        (
            "a bad skill",
            "nodejs =",
            "\"Node.js\" = \"expert\", nodejs =",
            &[(28, "`Node.js` is not a skill; write a skill (lower-case")],
        ),
        ("a bad level", "\"expert\"", "\"expret\"", &[(28, "is `expret`; did you mean `expert`?")]),
        ("a skill twice", "[\"redis\"]", "[\"redis\", \"redis\"]", &[(29, "skill `redis` is named twice")]),
        ("a bad experience", "\"junior\"", "\"newbie\"", &[(37, "choose from `junior`, `mid`, `senior`, `staff`")]),
        ("a day too long", "hours_per_day = 7.5", "hours_per_day = 24.5", &[(30, "more than 0 and at most 24")]),
        ("no day at all", "hours_per_day = 7.5", "hours_per_day = 0", &[(30, "more than 0 and at most 24")]),
        ("a day that is no number", "hours_per_day = 7.5", "hours_per_day = nan", &[(30, "is `nan`; write")]),
        ("nothing at a time", "parallel_limit = 3", "parallel_limit = 0", &[(31, "is `0`; write 1 to 1000")]),
        ("too much at a time", "parallel_limit = 3", "parallel_limit = 1001", &[(31, "is `1001`; write 1 to 1000")]),
        ("less than nothing", "max_retries = 5", "max_retries = -1", &[(5, "is `-1`; write 0 to 100")]),
        ("no whole number", "max_retries = 5", "max_retries = 1.5", &[(5, "is a number; write a whole number")]),
        ("no span of time", "\"2s\"", "\"2 parsecs\"", &[(6, "is `2 parsecs`, which is not a span of time")]),
        ("a span as a number", "\"2s\"", "2", &[(6, "is a whole number; write a span of time, such as `\"90s\"`")]),
        ("a backoff above its limit", "\"2s\"", "\"2h\"", &[(6, "is `2h`; write 1ms to 1h")]),
        ("a lease too short", "\"90s\"", "\"1ms\"", &[(8, "is `1ms`; write 1s to 1day")]),
        ("no tier", "default_tier = 1", "default_tier = 5", &[(9, "is `5`; write 0 to 4")]),
        (
            "a rate above 1",
            "failure_rate = 0.25",
            "failure_rate = 1.5",
            &[(49, "is `1.5`; write a share, from 0 to 1")],
        ),
        ("a rate below 0", "rework_rate = 1", "rework_rate = -0.1", &[(50, "is `-0.1`; write a share, from 0 to 1")]),
        (
            "a kind that is not there",
            "\"simulated\"",
            "\"simulate\"",
            &[(47, "is `simulate`; did you mean `simulated`?")],
        ),
        ("an empty command", "[\"sh\", \"{org_dir}/{step}.sh\", \"\"]", "[]", &[(42, "the command is empty")]),
        ("no program", "[\"sh\", ", "[\"\", ", &[(42, "an item of `command` of worker `shell` is empty")]),
        (
            "an unknown placeholder",
            "{step}",
            "{stepp}",
            &[(42, "`{stepp}` stands for nothing; did you mean `{step}`?")],
        ),
        (
            "another placeholder",
            "{step}",
            "{task}",
            &[(42, "`{task}` stands for nothing; use `{org_dir}` or `{step}`")],
        ),
        (
            "a placeholder in the environment",
            "\"C\"",
            "\"{org_dir}\"",
            &[(43, "`{org_dir}` is not replaced in the env")],
        ),
        ("a name with `=`", "LANG = \"C\"", "\"A=B\" = \"C\"", &[(43, "`A=B` is not the name of a variable")]),
        ("a zero byte", "\"C\"", "\"\\u0000\"", &[(43, "zero byte")]),
        ("a gate that is a role", "gates = { qa", "gates = { tech_lead", &[(14, "`tech_lead` is a role")]),
        (
            "a gate that is none",
            "gates = { qa",
            "gates = { secrity = \"qa\", qa",
            &[(14, "`secrity` is not a gate; did you")],
        ),
        (
            "a gate held by nobody",
            "qa = \"qa\"",
            "qa = \"quality\"",
            &[(14, "domain `quality` is not in this chart; choose")],
        ),
        ("an unknown work type", "= \"ship\"", "= \"shop\"", &[(13, "work type `shop` is not in this chart; did you")]),
        (
            "a workflow file that is not there",
            "ship.toml\"",
            "shop.toml\"",
            &[(3, "`/srv/workflows/shop.toml` cannot be read")],
        ),
        (
            "a workflow named twice",
            "[\"workflows/ship.toml\"]",
            "[\"workflows/ship.toml\", \"workflows/ship.toml\"]",
            &[(3, "`workflows/ship.toml` is named twice")],
        ),
        ("a key nobody asked for", "[policy]", "[policies]\n[policy]", &[(4, "`policies` is not a key of this chart")]),
    ];
    assert_each(CHART, cases);
    let empty: Expected = &[(0, "this chart has no `organisation`"), (0, "this chart has no domain")];
    assert_faults("nothing", "org.toml", parse("", &BTreeMap::new()), empty);
}

#[test]
fn a_domain_of_two_departments_has_to_be_named_in_full() {
    let chart = r#"organisation.name = "two"
department = [{ id = "a", title = "A" }, { id = "b", title = "B" }]
domain = [{ id = "dev", title = "Dev", department = "a" }, { id = "dev", title = "Dev", department = "b" }]
worker = [{ id = "sim", kind = "simulated" }]
[[ic]]
id = "x"
domain = "a/dev"
title = "X"
experience = "mid"
worker = "sim"
[[ic]]
id = "x"
domain = "b/dev"
title = "X"
experience = "mid"
worker = "sim"
"#;
    let read = parse(chart, &BTreeMap::new()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(read.ics.keys().map(|it| it.as_str()).collect::<Vec<_>>(), ["a/dev/x", "b/dev/x"]);
    let ambiguous = chart.replacen("a/dev", "dev", 1);
    let expected: Expected = &[
        (3, "domain `dev` has no IC"),
        (7, "domain `dev` is in more than one department; write the department too: `a/dev`, `b/dev`"),
    ];
    assert_faults("ambiguous", "org.toml", parse(&ambiguous, &BTreeMap::new()), expected);
}
