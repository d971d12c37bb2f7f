//! Who is asked about a plan, what they answer without anybody to judge, and what happens when nobody does.

use echelon::domain::command::InstructionAction;
use echelon::domain::id::{InstructionId, QuestionId};
use echelon::domain::instruction::{ConsultEnd, StateName};
use echelon::domain::org::ReviewPolicy;
use echelon::domain::plan::Consult;
use echelon::domain::presence::AbsenceKind;
use echelon::domain::reaction::Duty;
use echelon::domain::role::{Level, Role};
use echelon::domain::work::Tier;

use super::stage::{Step, request};
use crate::lifecycle::time::hours;
use crate::lifecycle::world::{World, at, domain, person};

const PLAN: &[Step<'_>] = &[("api", "backend", &[], 36.0), ("page", "frontend", &["api"], 6.0)];

fn asking(world: &mut World, whom: Role, blocking: bool) -> (InstructionId, QuestionId) {
    let question = QuestionId::new(world.new_id());
    let id = world.planned_with(Tier::Moderate, request(), "", PLAN, |plan| {
        plan.tasks[0].work.security_sensitive = true;
        plan.consultations =
            vec![Consult { id: question, whom, question: "does it fit?".to_owned(), blocking, within: hours(8) }];
    });
    (id, question)
}

#[test]
fn places_without_anybody_to_judge_answer_with_facts_and_say_that_a_machine_did() {
    let lead = |name: &str| Role::DomainLead(domain(name));
    let table = [
        (
            lead("backend"),
            "by machine: 1 task for dev/backend, 36 h: 2 of 2 ICs can do all of it; dev/backend is 0 % full, and 25 % with it",
        ),
        (lead("qa"), "by machine: the plan has no work for dev/qa; dev/qa is 0 % full"),
        (
            lead("security"),
            "by machine: the plan has no work for dev/security; dev/security is 0 % full; \
             the security gate of dev/security is on api",
        ),
        (
            at(Level::TechLead),
            "by machine: 1 handoff between 2 domains: api to page; \
             it takes 42 h by its dependencies, along api, page",
        ),
    ];
    for (whom, expected) in table {
        let mut world = World::new();
        let (id, _) = asking(&mut world, whom.clone(), true);
        assert_eq!(world.managers_decide(), [], "the plan is held");
        let asked = whom.clone();
        world.run_policies_of(move |role| *role == asked);
        let end = world.found(id).consultations[0].end.clone();
        let Some(ConsultEnd::Answered { text, .. }) = end else {
            panic!("{whom}: {end:?}");
        };
        assert_eq!(text, expected);
        world.managers_decide();
        assert_eq!(world.course(id), "runs");
        let review = &world.found(id).plan.as_ref().expect("it has one").review;
        assert!(review.iter().any(|one| one.ends_with(expected)), "{review:?}");
    }
}

#[test]
fn a_person_answers_where_a_person_judges_or_nobody_is_there() {
    let by_person: fn(&mut World) = |world| {
        world.apply(|chart| {
            chart.domains.get_mut(&domain("backend")).expect("it is there").review = ReviewPolicy::Person;
        });
    };
    let nobody: fn(&mut World) = |world| drop(world.leaves(Role::DomainLead(domain("backend")), AbsenceKind::Away));
    for prepare in [by_person, nobody] {
        let mut world = World::new();
        prepare(&mut world);
        let (id, question) = asking(&mut world, Role::DomainLead(domain("backend")), true);
        let owed = world.state.instruction_duties(id).to_vec();
        assert_eq!(owed, [(Role::Operator, Duty::Consult(id, question))]);
        assert_eq!(world.run_policies_of(|role| !matches!(role, Role::Operator)), []);
        let text = "it does".to_owned();
        world.do_(person(), id, InstructionAction::AnswerConsultation { question, text });
        world.managers_decide();
        assert_eq!(world.course(id), "runs");
    }
}

#[test]
fn a_blocking_question_that_nobody_answers_lapses_and_is_named_in_the_review() {
    for blocking in [true, false] {
        let mut world = World::new();
        world.apply(|chart| {
            chart.domains.get_mut(&domain("backend")).expect("it is there").review = ReviewPolicy::Person;
        });
        let (id, _) = asking(&mut world, Role::DomainLead(domain("backend")), blocking);
        world.managers_decide();
        assert_eq!(world.where_is(id) == StateName::Planned, blocking, "only what blocks holds the plan");
        world.live(hours(9));
        world.managers_decide();
        assert_eq!(world.course(id), "runs");
        let review = &world.found(id).plan.as_ref().expect("it has one").review;
        let expected = if blocking {
            "dev/backend:lead had to be asked and did not answer in time: does it fit?"
        } else {
            "dev/backend:lead has not answered yet"
        };
        assert!(review.iter().any(|one| one == expected), "{review:?}");
    }
}
