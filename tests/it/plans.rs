//! Plans from all their sources, and what they come to.
//!
//! - [`planner`]: workers that plan, with programs that are good, bad and stuck;
//! - [`drafts`]: plans as they are written down: the schema, and everything that may be wrong with them;
//! - [`templates`]: plans by workflow files: targets, parts, texts; and what leads make of their outlines.

mod drafts;
mod planner;
mod templates;

use echelon::domain::org::Chart;

use crate::support::inside;

/// A department of two domains, a planner that is a script beside the chart, and nobody who needs a machine.
const CHART: &str = r#"
organisation = { name = "acme", workflows = ["feature.toml", "small.toml"] }
policy = { max_retries = 1, retry_backoff = "1ms" }
clock = { speed = 1000 }
[[department]]
id = "dev"
title = "Development"
default_work_type = "feature"
[[domain]]
id = "backend"
title = "Backend"
[[domain]]
id = "qa"
title = "Quality"
[[ic]]
domain = "backend"
id = "ben"
title = "Developer"
role = "developer"
experience = "senior"
hours_per_day = 24
parallel_limit = 4
skills = { rust = "expert" }
worker = "sim"
[[ic]]
domain = "qa"
id = "quinn"
title = "Tester"
role = "tester"
experience = "mid"
hours_per_day = 24
parallel_limit = 4
worker = "sim"
[[worker]]
id = "sim"
kind = "simulated"
duration = "1ms"
[[worker]]
id = "planner"
kind = "command"
command = ["sh", "{org_dir}/plan.sh"]
timeout = "30s"
"#;

/// Milestones, with what a planner is asked for before them.
const FEATURE: &str = r#"
work_type = "feature"
description = "Builds a feature."
tier = 2
planner = "planner"
risk = { scope_ambiguity = 4 }
[[step]]
key = "code"
title = "Code {instruction}"
role = "developer"
effort = 3
criteria = ["it compiles"]
[[step]]
key = "test"
title = "Test"
domain = "qa"
needs = ["code"]
effort = 1
criteria = ["it passes"]
"#;

/// A work type of one task, for milestones to be broken down by.
const SMALL: &str = r#"
work_type = "small"
description = "Does one thing."
tier = 1
[[step]]
key = "do"
title = "Do {instruction}"
domain = "backend"
effort = 2
criteria = ["it is done"]
"#;

/// The chart with another text in place of one in it or in the workflow.
fn chart_with(changes: &[(&str, &str)]) -> Chart {
    let change = |text: &str| changes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let (chart, feature) = (change(CHART), change(FEATURE));
    inside::read_chart(&chart, &[("feature.toml", &feature), ("small.toml", SMALL)])
}
