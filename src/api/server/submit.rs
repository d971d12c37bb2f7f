//! Instructions that are handed in.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::commit;
use crate::actors::office::Office;
use crate::api::resolve;
use crate::api::wire::{Code, Refusal, Submit, Submitted};
use crate::domain::command::Action;
use crate::domain::id::InstructionId;
use crate::domain::instruction::Request;
use crate::domain::role::Principal;
use crate::ledger::Stopped;

/// Takes an instruction on; the one that is known by its key where there is one.
pub(super) async fn submit(office: &Arc<Office>, principal: &Principal, submit: Submit) -> Result<Submitted, Refusal> {
    if office.is_draining() {
        return Err(Refusal::from(Stopped));
    }
    if let Some(repository) = &submit.repository
        && !Path::new(repository).is_absolute()
    {
        return Err(Refusal::new(Code::Rejected, format!("`{repository}` is not an absolute path of a repository")));
    }
    let id = office.ids.instruction();
    let key = submit.key.clone();
    let names = submit.depends_on;
    let depends_on: BTreeSet<InstructionId> = office
        .ledger
        .read(move |state| names.iter().map(|name| resolve::instruction(state, name)).collect::<Result<_, _>>())
        .await??;
    let request = Request {
        text: submit.text,
        department: submit.department,
        work_type: submit.work_type,
        priority: submit.priority,
        tier: submit.tier,
        repository: submit.repository,
        key: submit.key,
        brief: submit.brief,
        depends_on,
        deadline: submit.deadline,
        customer_commitment: submit.customer_commitment,
        budget: submit.budget,
        risk: submit.risk,
        plan: submit.plan,
        // What is part of another is made by the plan of that one.
        parent: None,
        project: submit.project,
        epic: submit.epic,
        sprint: submit.sprint,
        labels: submit.labels,
    };
    let entries = commit(office, principal, Action::Submit { id, request }).await?;
    if let Some(first) = entries.first() {
        return Ok(Submitted { instruction: id, existing: false, sequence: first.sequence.0 });
    }
    // Nothing happened, because the key is known: the answer is the one of the first time.
    let known = office
        .ledger
        .read(move |state| key.and_then(|key| state.keys.get(&key).map(|(id, _)| (*id, state.sequence))))
        .await?;
    match known {
        Some((instruction, sequence)) => Ok(Submitted { instruction, existing: true, sequence: sequence.next().0 }),
        None => Err(Refusal::new(Code::Internal, "the instruction was neither new nor known")),
    }
}
