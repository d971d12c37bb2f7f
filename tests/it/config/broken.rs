//! Charts as they come from people in a hurry: several faults each, in the chart and in its workflow, all of them told at
//! once.

use std::path::Path;

use super::{CHART, SCHEMA, WORKFLOW, changed, files, parse};

/// What is changed in a file to what.
type Changes = &'static [(&'static str, &'static str)];

/// A chart that is broken: a name, what is changed in the chart and in the workflow, and what is told of which file and
/// line.
struct Broken(&'static str, Changes, Changes, &'static [(&'static str, usize, &'static str)]);

const ORG: &str = "org.toml";
const SHIP: &str = "workflows/ship.toml";

#[test]
fn org_check_on_twenty_broken_charts() {
    let table: &[Broken] = &[
        Broken(
            "names that lead nowhere",
            &[("domain = \"backend\"", "domain = \"bakend\""), ("worker = \"shell\"", "worker = \"shel\"")],
            &[],
            &[
                (ORG, 24, "domain `bakend` is not in this chart; did you mean `backend`?"),
                (ORG, 32, "worker `shel` is not in this chart; did you mean `shell`?"),
            ],
        ),
        Broken(
            "misspelt keys",
            &[("max_retries", "max_retrys"), ("experience = \"senior\"", "experiense = \"senior\"")],
            &[("effort = 0.5", "efort = 0.5")],
            &[
                (ORG, 5, "did you mean `max_retries`?"),
                (ORG, 27, "did you mean `experience`?"),
                (SHIP, 10, "`efort` is not a key of step `build`; did you mean `effort`?"),
            ],
        ),
        Broken(
            "words that are none",
            &[("experience = \"junior\"", "experience = \"novice\""), ("jwt = \"advanced\"", "jwt = \"good\"")],
            &[("complexity = \"high\"", "complexity = \"hard\"")],
            &[
                (ORG, 28, "choose from `beginner`, `intermediate`, `advanced`, `expert`"),
                (ORG, 37, "choose from `junior`, `mid`, `senior`, `staff`"),
                (SHIP, 11, "choose from `simple`, `moderate`, `high`"),
            ],
        ),
        Broken(
            "numbers out of range",
            &[("hours_per_day = 7.5", "hours_per_day = 30"), ("default_tier = 1", "default_tier = 9")],
            &[("tier = 2", "tier = 7")],
            &[
                (ORG, 9, "write 0 to 4"),
                (ORG, 30, "write a number of hours, more than 0 and at most 24"),
                (SHIP, 4, "write 0 to 4"),
            ],
        ),
        Broken(
            "spans that are none",
            &[("lease = \"90s\"", "lease = \"soon\""), ("timeout = \"10m\"", "timeout = \"0s\"")],
            &[("effort = \"90m\"", "effort = \"a while\"")],
            &[
                (ORG, 8, "is `soon`, which is not a span of time"),
                (ORG, 44, "is `0s`; write 1ms to 7days"),
                (SHIP, 29, "is `a while`, which is not a span of time"),
            ],
        ),
        Broken(
            "things declared twice",
            &[("id = \"qa\"\ntitle", "id = \"backend\"\ntitle"), ("id = \"sim\"", "id = \"shell\"")],
            &[("key = \"test\"", "key = \"build\"")],
            &[
                (ORG, 14, "domain `qa` is not in this chart"),
                (ORG, 14, "domain `software/qa` is not in this chart"),
                (ORG, 19, "worker `sim` is not in this chart"),
                (ORG, 20, "domain `backend` is already declared in line 15"),
                (ORG, 34, "domain `software/qa` is not in this chart"),
                (ORG, 38, "worker `sim` is not in this chart"),
                (ORG, 45, "worker `shell` is already declared in line 39"),
                (SHIP, 5, "none of these can start"),
                (SHIP, 24, "step `build` is already there in line 5"),
                (SHIP, 27, "domain `qa` is not in this chart"),
            ],
        ),
        Broken(
            "a department that nobody is in",
            &[
                ("default_work_type = \"ship\"", "default_work_type = \"shop\""),
                ("[[domain]]\ndepart", "[[department]]\nid = \"sales\"\ntitle = \"Sales\"\n[[domain]]\ndepart"),
            ],
            &[],
            &[
                (ORG, 13, "work type `shop` is not in this chart; did you mean `ship`?"),
                (ORG, 14, "domain `qa` is not in this chart"),
                (ORG, 14, "domain `software/qa` is not in this chart"),
                (ORG, 23, "domain `qa` has no IC"),
                (ORG, 23, "domain `qa` has no `department`; add one of `sales`, `software`"),
                (ORG, 37, "domain `software/qa` is not in this chart; choose from `sales/qa`"),
                (SHIP, 27, "domain `qa` is not in this chart"),
            ],
        ),
        Broken(
            "a domain that nobody is in",
            &[("domain = \"software/qa\"", "domain = \"backend\"")],
            &[("needs = [\"build\"]", "needs = [\"bild\"]")],
            &[
                (ORG, 20, "domain `qa` has no IC"),
                (SHIP, 28, "step `bild` is not in this workflow; did you mean `build`?"),
            ],
        ),
        Broken(
            "a lead that cannot review",
            &[
                ("reviews = true", "reviews = false"),
                ("lead = { worker = \"sim\" }", "lead = { worker = \"sim\", review = \"person\" }"),
            ],
            &[],
            &[(ORG, 19, "`review` is for a lead without one"), (ORG, 19, "worker `sim` does not review")],
        ),
        Broken(
            "gates that are none",
            &[("qa = \"qa\"", "quality = \"qa\", tech_lead = \"qa\"")],
            &[],
            &[(ORG, 14, "`quality` is not a gate"), (ORG, 14, "`tech_lead` is a role that the chart always has")],
        ),
        Broken(
            "workers without what they need",
            &[
                ("command = [\"sh\", \"{org_dir}/{step}.sh\", \"\"]\n", ""),
                ("kind = \"simulated\"", "kind = \"human\""),
            ],
            &[],
            &[
                (ORG, 39, "worker `shell` has no `command`"),
                (ORG, 44, "worker `sim` has no `person`"),
                (ORG, 47, "`duration` is not a key of worker `sim`"),
                (ORG, 48, "`failure_rate` is not a key of worker `sim`"),
                (ORG, 49, "`rework_rate` is not a key of worker `sim`"),
                (ORG, 50, "`seed` is not a key of worker `sim`"),
            ],
        ),
        Broken(
            "placeholders that stand for nothing",
            &[("{step}.sh", "{stepp}.sh")],
            &[("Build: {instruction}", "Build: {instructoin}"), ("\"-n\"]", "\"{step}\"]")],
            &[
                (ORG, 42, "`{stepp}` stands for nothing; did you mean `{step}`?"),
                (SHIP, 7, "did you mean `{instruction}`?"),
                (SHIP, 23, "`{step}` stands for nothing"),
            ],
        ),
        Broken(
            "steps that wait for each other",
            &[],
            &[
                ("effort = 0.5", "effort = 0.5\nneeds = [\"test\"]"),
                ("skills = [\"nodejs\", \"jwt\"]", "skills = [\"nodejs\", \"perl\"]"),
            ],
            &[
                (SHIP, 5, "none of these can start: `build` needs `test` needs `build`"),
                (SHIP, 13, "has skill `perl`; add it to one, or drop it"),
            ],
        ),
        Broken(
            "work that is never done",
            &[],
            &[
                ("criteria = [\"it compiles\"]", "criteria = []"),
                ("path = \"out/app.json\"", "path = \"../app.json\""),
                ("'^\\{'", "'('"),
            ],
            &[
                (SHIP, 15, "a step without criteria can never be told to be done"),
                (SHIP, 17, "leads out of the workspace"),
                (SHIP, 20, "is not a regular expression"),
            ],
        ),
        Broken(
            "rules that do not hold for anything",
            &[(
                "[[department]]",
                "[[triage]]\ntier = 5\nwork_type = \"shipp\"\npriority = \"asap\"\n[[triage]]\nwords = []\n[[department]]",
            )],
            &[],
            &[
                (ORG, 11, "is `5`; write 0 to 4"),
                (ORG, 12, "work type `shipp` is not in this chart; did you mean `ship`?"),
                (ORG, 13, "choose from `low`, `normal`, `high`, `critical`"),
                (ORG, 14, "this triage rule has no `tier`"),
                (ORG, 15, "is an empty list"),
            ],
        ),
        Broken(
            "roles that nobody has",
            &[("title = \"Developer\"", "title = \"Developer\"\nrole = \"Back End\"")],
            &[("domain = \"qa\"\n", "role = \"tester\"\n")],
            &[
                (ORG, 27, "is `Back End`, which is not a name"),
                (SHIP, 27, "no IC of department `software` has role `tester`"),
            ],
        ),
        Broken(
            "a brief and risks that are none",
            &[],
            &[(
                "tier = 2",
                "tier = 2\nbrief = { Goals = \"What?\", users = 3 }\nrisk = { scope = 1, data_integrity = 0 }\nplanner = \"planner\"",
            )],
            &[
                (SHIP, 5, "`Goals` is not a field of a brief"),
                (SHIP, 5, "is a whole number; write a string"),
                (SHIP, 6, "is `0`; write 1 to 10"),
                (SHIP, 6, "`scope` is not a key of `risk` of this workflow"),
                (SHIP, 7, "worker `planner` is not in this chart"),
            ],
        ),
        Broken(
            "milestones where there are none",
            &[],
            &[
                ("effort = 0.5", "effort = 0.5\ncheckpoint = true\nrange = [2, 4]"),
                ("effort = \"90m\"", "effort = \"90m\"\nworkflow = \"deploy\""),
            ],
            &[
                (SHIP, 11, "tier 2 has no milestones, and only they stop for a go-ahead"),
                (SHIP, 12, "is 2 h to 4 h, and the effort is 0.5 h"),
                (SHIP, 32, "department `software` has no workflow `deploy`"),
                (SHIP, 32, "tier 2 has no milestones, and only they are broken down"),
            ],
        ),
        Broken(
            "targets that are none",
            &[],
            &[
                ("effort = 0.5", "effort = 0.5\nfor_each = { glob = \"/src/*\" }"),
                ("effort = \"90m\"", "effort = \"90m\"\nfor_each = { brief = \"phases\" }"),
            ],
            &[
                (SHIP, 11, "glob `/src/*` is absolute"),
                (SHIP, 11, "this workflow needs none; add `needs_repository = true`"),
                (SHIP, 31, "field `phases` is not in the brief of `ship`"),
            ],
        ),
        Broken(
            "questions to nobody",
            &[],
            &[(
                "[[step]]",
                "[[consult]]\nwhom = \"quality\"\nwithin = \"never\"\n[[part]]\nkey = \"x\"\ndepartment = \"sales\"\n[[step]]",
            )],
            &[
                (SHIP, 0, "this workflow has both steps and parts"),
                (SHIP, 5, "this consultation has no `question`"),
                (SHIP, 6, "domain `quality` is not in this chart"),
                (SHIP, 7, "is `never`, which is not a span of time"),
                (SHIP, 8, "part `x` has no `text`"),
                (SHIP, 8, "part `x` has no `work_type`"),
                (SHIP, 10, "department `sales` is not in this chart"),
            ],
        ),
    ];
    assert_eq!(table.len(), 20);
    let wrong: Vec<String> = table.iter().filter_map(told).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is not told as it should be, if anything.
fn told(Broken(name, chart, workflow, expected): &Broken) -> Option<String> {
    let apply = |text: &str, changes: Changes| {
        changes.iter().fold(text.to_owned(), |text, (from, to)| changed(name, &text, from, to))
    };
    let (chart, workflow) = (apply(CHART, chart), apply(WORKFLOW, workflow));
    let Err(faults) = parse(&chart, &files(&workflow, SCHEMA)) else { return Some(format!("{name}: no fault")) };
    let found = faults.as_slice();
    let each = found.len() == expected.len()
        && found.iter().zip(*expected).all(|(fault, (file, line, part))| {
            fault.file == Path::new("/srv").join(file)
                && fault.line.unwrap_or(0) == *line
                && fault.to_string().contains(part)
                && !fault.help.is_empty()
        });
    (!each).then(|| format!("{name}:\n{faults}\n"))
}
