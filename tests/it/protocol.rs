//! The typed messages: who gets which and what it says, and that losing one costs nothing.
//!
//! - [`said`]: what follows from each kind of event, in the core;
//! - [`heard`]: actors that get messages, or do not.

mod heard;
mod said;

use echelon::domain::instruction::Request;
use echelon::domain::org::Chart;
use echelon::domain::role::Role;

use super::support::inside;

/// Two domains, so that there are handoffs. Nobody's work ends by itself within a test.
const CHART: &str = r#"
[organisation]
name = "post"
workflows = ["single.toml", "full.toml"]

[[department]]
id = "main"
title = "Main"
default_work_type = "full"
[department.gates]
qa = "check"

[[domain]]
id = "build"
title = "Build"

[[domain]]
id = "check"
title = "Check"

[[ic]]
domain = "build"
id = "ann"
title = "Builder"
experience = "mid"
skills = { building = "expert" }
hours_per_day = 24
worker = "slow"

[[ic]]
domain = "check"
id = "cid"
title = "Checker"
experience = "mid"
skills = { checking = "expert" }
hours_per_day = 24
worker = "slow"

[[worker]]
id = "slow"
kind = "simulated"
duration = "1h"
"#;

const SINGLE: &str = r#"
work_type = "single"
description = "One step that nobody reviews."
tier = 0

[[step]]
key = "build"
title = "Build it"
domain = "build"
effort = "1h"
skills = ["building"]
security_sensitive = true
criteria = ["it is built"]
"#;

const FULL: &str = r#"
work_type = "full"
description = "Three steps and a handoff."
tier = 2

[[step]]
key = "build"
title = "Build it"
domain = "build"
description = "{instruction}"
effort = "1h"
skills = ["building"]
criteria = ["it is built"]

[[step]]
key = "extra"
title = "Add the rest"
domain = "build"
needs = ["build"]
effort = "1h"
skills = ["building"]
criteria = ["it is there"]

[[step]]
key = "check"
title = "Check it"
domain = "check"
needs = ["build", "extra"]
effort = "1h"
skills = ["checking"]
criteria = ["it holds"]
"#;

fn chart() -> Chart {
    inside::read_chart(CHART, &[("single.toml", SINGLE), ("full.toml", FULL)])
}

fn request(work_type: &str) -> Request {
    Request { work_type: Some(work_type.parse().expect("a work type")), ..inside::request("make it so") }
}

fn ic(name: &str) -> Role {
    Role::Ic(name.parse().expect("an IC's name"))
}

fn lead(name: &str) -> Role {
    Role::DomainLead(name.parse().expect("a domain's name"))
}

fn tech_lead() -> Role {
    Role::TechLead("main".parse().expect("a department's name"))
}

fn manager() -> Role {
    Role::EngineeringManager("main".parse().expect("a department's name"))
}
