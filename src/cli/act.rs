//! Commands by which people decide: `approve`, `reject`, `pause`, `resume`, `away` and `back`.

use std::path::Path;

use clap::Args;

use super::connect::ask;
use super::exit::{Exit, Failure};
use super::output::{self, Printer, clean};
use crate::api::wire::{Act, Acted, Ask};
use crate::domain::work::Finding;

#[derive(Args, Debug)]
pub(super) struct ApproveArgs {
    /// What: a task under review, an escalation that is with a person or its task, an instruction whose plan or end waits
    id: String,
    /// Which of the ways that the inbox lists
    #[arg(long, value_name = "N", default_value_t = 1)]
    choose: usize,
    /// What is to be kept with the decision of an escalation
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct RejectArgs {
    /// What: work under review goes back with the reason; everything else that waits for a yes ends
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// One thing to be changed in work under review, and where; may be given more than once
    #[arg(long = "finding", value_name = "TEXT[@LOCATION]", value_parser = finding)]
    findings: Vec<Finding>,
}

#[derive(Args, Debug)]
pub(super) struct HoldArgs {
    /// The instruction: its id, or a unique beginning or end of it
    instruction: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Args, Debug)]
pub(super) struct GoOnArgs {
    /// The instruction: its id, or a unique beginning or end of it
    instruction: String,
}

#[derive(Args, Debug)]
pub(super) struct AwayArgs {
    /// Who: a person, an IC, `software:tech-lead`, `backend:lead`
    role: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Args, Debug)]
pub(super) struct BackArgs {
    /// Who: a person, an IC, `software:tech-lead`, `backend:lead`
    role: String,
}

/// A finding as it is typed. What follows the last `@` is where, unless there are blanks in it.
fn finding(text: &str) -> Result<Finding, String> {
    let (what, location) = match text.rsplit_once('@') {
        Some((what, location)) if !location.is_empty() && !location.contains(char::is_whitespace) => {
            (what, Some(location.to_owned()))
        }
        _no_location => (text, None),
    };
    if what.trim().is_empty() {
        return Err("say what is to be changed, as in `the header is missing@src/main.rs:1`".to_owned());
    }
    Ok(Finding { text: what.trim().to_owned(), location })
}

impl From<ApproveArgs> for Act {
    fn from(ApproveArgs { id, choose, note }: ApproveArgs) -> Self {
        Self::Approve { id, choose, note }
    }
}

impl From<RejectArgs> for Act {
    fn from(RejectArgs { id, reason, findings }: RejectArgs) -> Self {
        Self::Reject { id, reason, findings }
    }
}

impl From<HoldArgs> for Act {
    fn from(HoldArgs { instruction, reason }: HoldArgs) -> Self {
        Self::Pause { instruction, reason }
    }
}

impl From<GoOnArgs> for Act {
    fn from(GoOnArgs { instruction }: GoOnArgs) -> Self {
        Self::Resume { instruction }
    }
}

impl From<AwayArgs> for Act {
    fn from(AwayArgs { role, reason }: AwayArgs) -> Self {
        Self::Away { role, reason }
    }
}

impl From<BackArgs> for Act {
    fn from(BackArgs { role }: BackArgs) -> Self {
        Self::Back { role }
    }
}

/// Asks the daemon, and says in one line what happened and what comes next.
pub(super) async fn run(data_dir: &Path, act: impl Into<Act>, printer: &Printer) -> Result<Exit, Failure> {
    let acted: Acted = ask(data_dir, Ask::Act(act.into())).await?.one().await?;
    printer.line(clean(&format!("{}; {}", acted.done, acted.next)).replace('\n', " "))?;
    if let Some(folder) = &acted.folder {
        let folder = clean(&output::path(folder));
        printer.line(format!("the job is in {folder}/README.md; work in {folder}/workspace"))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_may_say_where() {
        let cases = [
            ("too short", Some(("too short", None))),
            ("too short@out.txt:3", Some(("too short", Some("out.txt:3")))),
            ("mail ann@home is missing", Some(("mail ann@home is missing", None))),
            ("ends with @", Some(("ends with @", None))),
            ("@out.txt", None),
            ("  ", None),
        ];
        for (text, expected) in cases {
            let found = finding(text).ok();
            let found = found.as_ref().map(|one| (one.text.as_str(), one.location.as_deref()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
