//! The faults of workflow files and of the schemas they name.

use super::{CHART, Expected, SCHEMA, WORKFLOW, assert_faults, changed, files, mismatch, parse};

#[test]
fn every_fault_of_a_workflow_is_reported_with_its_line_and_what_would_be_right() {
    let step = "[[step]]\nkey = \"k0\"\ntitle = \"T\"\ndomain = \"qa\"\neffort = 1\ncriteria = [\"c\"]\n";
    let nine: String = (0..9).map(|n| step.replace("k0", &format!("k{n}"))).collect();
    let all_steps = WORKFLOW.get(WORKFLOW.find("[[step]]").unwrap_or(0)..).unwrap_or_default();
    let test_step = WORKFLOW.get(WORKFLOW.rfind("[[step]]").unwrap_or(0)..).unwrap_or_default();
    let cases: &[(&str, &str, &str, Expected)] = &[
        ("not TOML", "tier = 2", "tier = two", &[(4, "is not TOML")]),
        (
            "a step that needs itself",
            "needs = [\"build\"]",
            "needs = [\"test\"]",
            &[(24, "none of these can start: `test` needs `test`")],
        ),
        (
            "steps that need each other",
            "effort = 0.5",
            "effort = 0.5\nneeds = [\"test\"]",
            &[(5, "none of these can start: `build` needs `test` needs `build`; drop one")],
        ),
        (
            "a need that is not there",
            "[\"build\"]",
            "[\"biuld\"]",
            &[(28, "step `biuld` is not in this workflow; did you mean `build`?")],
        ),
        ("a need twice", "[\"build\"]", "[\"build\", \"build\"]", &[(28, "step `build` is needed twice")]),
        (
            "two steps of one key",
            "key = \"test\"",
            "key = \"build\"",
            &[(5, "none of these can start"), (24, "step `build` is already there in line 5")],
        ),
        (
            "a domain that is not there",
            "domain = \"qa\"",
            "domain = \"qaa\"",
            &[(27, "domain `qaa` is not in this chart; did you mean `qa`?")],
        ),
        (
            "a skill that nobody there has",
            "\"jwt\"]",
            "\"python\"]",
            &[(12, "no IC of domain `software/backend` has skill `python`; add it to one, or drop it")],
        ),
        ("a misspelt skill", "\"nodejs\"", "\"nodesj\"", &[(12, "has skill `nodesj`; did you mean `nodejs`?")]),
        (
            "a nice skill that nobody has",
            "[\"redis\"]",
            "[\"mongo\"]",
            &[(13, "has skill `mongo` or wants to learn it")],
        ),
        ("a nice skill that is required", "[\"redis\"]", "[\"jwt\"]", &[(13, "skill `jwt` is required already")]),
        ("an absolute path", "out/app.json", "/out/app.json", &[(17, "is absolute; write the path of a file within")]),
        ("a path out of the workspace", "out/app.json", "out/../../app.json", &[(17, "leads out of the workspace")]),
        ("a path that is a folder", "out/app.json", "out/", &[(17, "has an empty part")]),
        (
            "a deliverable twice",
            "[[step]]\nkey = \"test\"",
            "[[step.deliverable]]\npath = \"out/app.json\"\n[[step]]\nkey = \"test\"",
            &[(25, "deliverable `out/app.json` is there twice")],
        ),
        ("a bad pattern", r"'^\{'", "'(unclosed'", &[(20, "`(unclosed` is not a regular expression: unclosed group")]),
        ("an empty text", "contains = \"name\"", "contains = [\"\"]", &[(19, "is empty")]),
        ("a size of nothing", "min_bytes = 2", "min_bytes = 0", &[(18, "is `0`; write 1 to")]),
        ("a bad format", "\"json\"", "\"yaml\"", &[(21, "is `yaml`; choose from `json`, `toml`")]),
        ("a schema for TOML", "\"json\"", "\"toml\"", &[(22, "a JSON schema says nothing about a TOML file")]),
        (
            "a schema that is not there",
            "schemas/app.json",
            "schemas/none.json",
            &[(22, "`/srv/workflows/schemas/none.json` cannot be read")],
        ),
        ("an empty check", "[\"sh\", \"-n\"]", "[]", &[(23, "the command is empty")]),
        (
            "a placeholder in a check",
            "\"-n\"",
            "\"{org_dir}/n.sh\"",
            &[(23, "`{org_dir}` stands for nothing; nothing is replaced")],
        ),
        ("a misspelt placeholder", "Do {instruction}", "Do {instrution}", &[(9, "did you mean `{instruction}`?")]),
        ("no criteria", "criteria = [\"it compiles\"]\n", "", &[(5, "step `build` has no `criteria`")]),
        ("empty criteria", "[\"it compiles\"]", "[]", &[(15, "a step without criteria can never be told to be done")]),
        ("no effort", "effort = 0.5", "effort = 0", &[(10, "is `0`; write hours, more than 0 and at most 24")]),
        ("an effort of a week", "\"90m\"", "\"1w\"", &[(29, "is `1w`; write 3s 600ms to 1day")]),
        ("a bad complexity", "\"high\"", "\"hihg\"", &[(11, "is `hihg`; did you mean `high`?")]),
        (
            "a flag that is none",
            "security_sensitive = true",
            "security_sensitive = 1",
            &[(14, "write `true` or `false`")],
        ),
        (
            "an unknown key",
            "nice_to_have",
            "nice_to_hav",
            &[(13, "not a key of step `build`; did you mean `nice_to_have`?")],
        ),
        (
            "an unknown check",
            "contains =",
            "includes =",
            &[(19, "`includes` is not a key of deliverable `out/app.json`")],
        ),
        ("a tier that is none", "tier = 2", "tier = 5", &[(4, "is `5`; write 0 to 4")]),
        (
            "two steps in tier 1",
            "tier = 2",
            "tier = 1",
            &[(4, "tier 1 takes 1 steps, and this workflow has 2; set `tier = 2`")],
        ),
        ("the default tier", "tier = 2\n", "", &[(0, "the organisation's default tier 1 takes 1 steps")]),
        (
            "a department that is not there",
            "\"software\"",
            "\"sales\"",
            &[(3, "department `sales` is not in this chart")],
        ),
        (
            "a bad work type",
            "work_type = \"ship\"",
            "work_type = \"Ship It\"",
            &[(1, "is `Ship It`, which is not a name")],
        ),
        ("no step", all_steps, "", &[(0, "this workflow has no step")]),
        (
            "one step in tier 2",
            test_step,
            "",
            &[(4, "tier 2 takes 2 to 8 steps, and this workflow has 1; set `tier = 1`")],
        ),
        ("nine steps in tier 2", all_steps, &nine, &[(4, "this workflow has 9; set `tier = 3`, or drop steps")]),
    ];
    let run = |(name, from, to, expected): &(&str, &str, &str, Expected)| {
        let workflow = changed(name, WORKFLOW, from, to);
        mismatch(name, "workflows/ship.toml", parse(CHART, &files(&workflow, SCHEMA)), expected)
    };
    let wrong: Vec<String> = cases.iter().filter_map(run).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nobody_who_has_all_the_skills_of_a_step_is_a_fault_too() {
    let chart = changed("skills", CHART, "nodejs = \"expert\", jwt", "jwt");
    let bo = r#"
[[ic]]
domain = "backend"
id = "bo"
title = "Developer"
experience = "mid"
skills.nodejs = "expert"
worker = "sim"
"#;
    let chart = format!("{chart}{bo}");
    let expected: Expected = &[(12, "no single IC of domain `software/backend` has all of `jwt`, `nodejs`")];
    assert_faults("skills", "workflows/ship.toml", parse(&chart, &files(WORKFLOW, SCHEMA)), expected);
}

#[test]
fn a_schema_that_is_none_is_a_fault_of_the_schema_file() {
    let cases: &[(&str, Expected)] = &[
        ("{\n  \"type\": \n}", &[(3, "is not JSON")]),
        ("{\"type\": \"objekt\"}", &[(0, "is not a JSON schema at `/type`")]),
        ("{\"$ref\": \"https://example.org/schema.json\"}", &[(0, "is not a JSON schema")]),
    ];
    for (schema, expected) in cases {
        assert_faults(schema, "workflows/schemas/app.json", parse(CHART, &files(WORKFLOW, schema)), expected);
    }
}
