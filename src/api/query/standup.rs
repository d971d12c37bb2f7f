//! Standups as clients see them.

use super::Look;
use crate::api::resolve;
use crate::api::view::{
    CapacityView, ContributorView, Count, DepartmentStandupView, DeskView, ForecastView, LeadView, MemberView,
    MilestoneView, NoGoView, RiskView, StandupView, SummaryView, TeamView, WaitingView,
};
use crate::api::wire::Refusal;
use crate::domain::role::Role;
use crate::domain::standup::{
    Capacity, Content, Contributor, Desk, Forecast, Handoff, Lead, Manager, Member, Report, Risk, Summary, TechLead,
    report,
};
use crate::domain::state::State;
use crate::domain::time::{OrgTime, Stamp};

impl Look<'_> {
    /// What the place that `text` names reports; the whole organisation without one.
    pub(super) fn standup(&self, text: Option<&str>) -> Result<StandupView, Refusal> {
        let role = match text {
            None => Role::Organisation,
            Some(text) if text == Role::Organisation.to_string() => Role::Organisation,
            Some(text) => resolve::role(self.state, text)?,
        };
        Ok(view(self.state, &report(self.state, &role, self.now)?, self.now))
    }
}

/// What the whole organisation reports.
pub(in crate::api) fn of_all(state: &State, at: Stamp) -> Result<StandupView, Refusal> {
    Ok(view(state, &report(state, &Role::Organisation, at)?, at))
}

fn view(state: &State, report: &Report, at: Stamp) -> StandupView {
    let now = report.at;
    let mut view = StandupView {
        role: report.role.to_string(),
        at: at.wall.to_string(),
        organisation: state.chart.name.clone(),
        contributor: None,
        lead: None,
        departments: Vec::new(),
    };
    match &report.content {
        Content::Contributor(found) => view.contributor = Some(contributor(found, now)),
        Content::Lead(found) => view.lead = Some(lead(found, now)),
        Content::TechLead(found) => view.departments.push(department(found, now)),
        Content::Manager(found) => view.departments.push(manager(found, now)),
        Content::Organisation(found) => view.departments.extend(found.iter().map(|one| manager(one, now))),
    }
    view
}

fn contributor(found: &Contributor, now: OrgTime) -> ContributorView {
    ContributorView {
        ic: found.ic.to_string(),
        absent: found.absent.clone(),
        capacity: capacity(&found.capacity),
        tasks: found.tasks.iter().map(|one| desk(one, now)).collect(),
        more: found.more,
        reviews: found.reviews,
    }
}

fn desk(found: &Desk, now: OrgTime) -> DeskView {
    DeskView {
        task: found.task.to_string(),
        key: found.key.to_string(),
        state: found.state.to_string(),
        percent: found.percent,
        spent_ms: found.spent.0,
        left_hours: found.left.hours(),
        due_in_ms: found.due.map(|due| due.since(now).0),
        late_ms: found.late.map(|late| late.0),
        blocker: found.blocker.clone(),
        next: found.next.clone(),
    }
}

fn lead(found: &Lead, now: OrgTime) -> LeadView {
    let waiting = |one: &Handoff| WaitingView {
        task: one.task.to_string(),
        key: one.key.to_string(),
        from: one.from.to_string(),
        to: one.to.iter().map(ToString::to_string).collect(),
        waited_ms: now.since(one.since).0,
    };
    LeadView {
        domain: found.domain.to_string(),
        summary: summary(&found.summary, now),
        milestones: found
            .milestones
            .iter()
            .map(|one| MilestoneView {
                task: one.task.to_string(),
                key: one.key.to_string(),
                over: one.over,
                children: one.children,
                late_ms: one.late.map(|late| late.0),
            })
            .collect(),
        more_milestones: found.more_milestones,
        capacity: capacity(&found.capacity),
        members: found.members.iter().map(member).collect(),
        more_members: found.more_members,
        handoffs_in: found.handoffs_in.iter().map(waiting).collect(),
        waiting_in: found.waiting_in,
        handoffs_out: found.handoffs_out.iter().map(waiting).collect(),
        waiting_out: found.waiting_out,
        risks: found.risks.iter().map(risk).collect(),
    }
}

fn member(found: &Member) -> MemberView {
    MemberView {
        ic: found.ic.to_string(),
        absent: found.absent.clone(),
        tasks: found.tasks,
        running: found.running,
        capacity: capacity(&found.capacity),
    }
}

fn manager(found: &Manager, now: OrgTime) -> DepartmentStandupView {
    DepartmentStandupView {
        instruction_states: Some(counts(found.states.iter())),
        no_gos: found
            .no_gos
            .iter()
            .map(|one| NoGoView { instruction: one.instruction.to_string(), facts: one.facts.clone() })
            .collect(),
        more_no_gos: found.more_no_gos,
        ..department(&found.line, now)
    }
}

fn department(found: &TechLead, now: OrgTime) -> DepartmentStandupView {
    DepartmentStandupView {
        department: found.department.to_string(),
        summary: summary(&found.summary, now),
        capacity: capacity(&found.capacity),
        teams: found
            .teams
            .iter()
            .map(|one| TeamView {
                domain: one.domain.to_string(),
                summary: summary(&one.summary, now),
                capacity: capacity(&one.capacity),
            })
            .collect(),
        more_teams: found.more_teams,
        instructions: found.instructions.iter().map(forecast).collect(),
        more_instructions: found.more_instructions,
        escalations: counts(found.escalations.iter()),
        risks: found.risks.iter().map(risk).collect(),
        instruction_states: None,
        no_gos: Vec::new(),
        more_no_gos: 0,
    }
}

fn forecast(found: &Forecast) -> ForecastView {
    ForecastView {
        instruction: found.instruction.to_string(),
        text: found.text.clone(),
        state: found.state.to_string(),
        paused: found.paused,
        over: found.over,
        tasks: found.tasks,
        path: found.path.steps.iter().map(ToString::to_string).collect(),
        more_steps: found.path.more,
        path_hours: found.path.length.hours(),
        slack_hours: found.path.slack.map(crate::domain::time::Effort::hours),
    }
}

fn summary(found: &Summary, now: OrgTime) -> SummaryView {
    SummaryView {
        open: found.open,
        late: found.late,
        stalled: found.stalled,
        blocked: found.blocked,
        states: counts(found.states.iter()),
        completed: found.completed,
        completed_before: found.completed_before,
        since_ms: found.since.map(|at| now.since(at).0),
    }
}

fn capacity(found: &Capacity) -> CapacityView {
    CapacityView {
        committed_hours: found.committed.hours(),
        available_hours: found.available.hours(),
        percent: found.percent(),
    }
}

fn risk(found: &Risk) -> RiskView {
    RiskView {
        task: found.task.to_string(),
        key: found.key.to_string(),
        state: found.state.to_string(),
        trouble: found.trouble.to_string(),
        by_ms: found.by.0,
        who: found.who.as_ref().map(ToString::to_string),
        needs: found.needs.clone(),
    }
}

fn counts<'a, K: ToString + 'a>(counted: impl Iterator<Item = (&'a K, &'a u32)>) -> Vec<Count> {
    let count = |(name, number): (&K, &u32)| Count {
        name: name.to_string(),
        count: usize::try_from(*number).unwrap_or(usize::MAX),
    };
    counted.map(count).collect()
}
