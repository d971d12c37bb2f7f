//! Who is at the other end of the socket.
//!
//! A process is known by its user id, which the kernel tells, and by the person it says it acts for. Whoever can become the
//! daemon's own user, or is the system's, may lend its hand to a person whom the chart knows by no user id; a person with
//! one is only ever who has it.

use std::sync::Arc;

use crate::actors::office::Office;
use crate::api::wire::{Code, Refusal};
use crate::domain::id::PersonId;
use crate::domain::org::{Chart, Person};
use crate::domain::role::Principal;

/// The principal of what a process asks for.
///
/// # Errors
/// When the chart does not know the person, or the process may not act for them.
pub(super) async fn principal(office: &Arc<Office>, uid: u32, person: Option<String>) -> Result<Principal, Refusal> {
    let own = rustix::process::geteuid().as_raw();
    office.ledger.read(move |state| who(&state.chart, uid, own, person.as_deref())).await?
}

/// Who a process with this user id is; `own` is the daemon's.
fn who(chart: &Chart, uid: u32, own: u32, named: Option<&str>) -> Result<Principal, Refusal> {
    let operates = uid == own || uid == 0;
    if let Some(named) = named {
        let person = known(chart, named)?;
        return match person.uid {
            Some(theirs) if theirs == uid => Ok(Principal::person(person.id.clone())),
            None if operates => Ok(Principal::person(person.id.clone())),
            Some(theirs) => Err(refused(format!(
                "user {uid} may not act as `{named}`, whom the chart knows as user {theirs}; leave --as out, or let them do it"
            ))),
            None => Err(refused(format!(
                "user {uid} may not act as `{named}`; give `{named}` `uid = {uid}` in the chart if that is who you are"
            ))),
        };
    }
    let mut theirs = chart.people.values().filter(|person| person.uid == Some(uid));
    match (theirs.next(), theirs.next()) {
        (Some(only), None) => Ok(Principal::person(only.id.clone())),
        _ if operates => Ok(Principal::client(uid)),
        (Some(one), Some(another)) => Err(refused(format!(
            "user {uid} is more than one person of the chart; say which with `--as {}` or `--as {}`",
            one.id, another.id
        ))),
        (None, _) => Err(refused(format!(
            "user {uid} is nobody in the chart; have a [[person]] with `uid = {uid}` added to it, or run this as the user \
             of the daemon"
        ))),
    }
}

fn known<'a>(chart: &'a Chart, named: &str) -> Result<&'a Person, Refusal> {
    let found = named.parse::<PersonId>().ok().and_then(|id| chart.people.get(&id));
    found.ok_or_else(|| {
        let names: Vec<&str> = chart.people.keys().map(PersonId::as_str).collect();
        let names = if names.is_empty() {
            "it names nobody; leave --as out to act as the operator".to_owned()
        } else {
            format!("it names {}", names.join(", "))
        };
        Refusal::new(Code::NotFound, format!("there is no person `{named}` in the chart: {names}"))
    })
}

fn refused(message: String) -> Refusal {
    Refusal::new(Code::NotAllowed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::org::PersonRole;
    use crate::domain::role::{Asker, Role};

    fn chart() -> Chart {
        let person = |id: &str, uid| Person {
            id: id.parse().expect("a name"),
            name: id.to_owned(),
            role: PersonRole::Manager,
            department: None,
            uid,
        };
        let people = [person("ada", Some(7)), person("bob", None), person("eve", Some(9)), person("fay", Some(9))];
        let people = people.into_iter().map(|person| (person.id.clone(), person)).collect();
        Chart { people, ..Chart::default() }
    }

    #[test]
    fn a_process_is_who_its_user_id_and_its_words_make_it() {
        const OWN: u32 = 5;
        let person = |id: &str| Ok(Asker::Role(Role::Person(id.parse().expect("a name"))));
        let operator = |uid| Ok(Asker::Client { uid });
        let cases: &[(u32, Option<&str>, Result<Asker, Code>)] = &[
            (7, None, person("ada")),
            (7, Some("ada"), person("ada")),
            (OWN, Some("ada"), Err(Code::NotAllowed)),
            (0, Some("ada"), Err(Code::NotAllowed)),
            (OWN, Some("bob"), person("bob")),
            (0, Some("bob"), person("bob")),
            (7, Some("bob"), Err(Code::NotAllowed)),
            (OWN, None, operator(OWN)),
            (0, None, operator(0)),
            (8, None, Err(Code::NotAllowed)),
            (9, None, Err(Code::NotAllowed)),
            (9, Some("fay"), person("fay")),
            (OWN, Some("zoe"), Err(Code::NotFound)),
            (OWN, Some("No Name"), Err(Code::NotFound)),
        ];
        for (uid, named, expected) in cases {
            let found = who(&chart(), *uid, OWN, *named);
            let found = found.map(|principal| principal.asker).map_err(|refusal| refusal.code);
            assert_eq!(&found, expected, "user {uid} as {named:?}");
        }
    }
}
