//! Resolves what one part of a chart says about another.
//!
//! Where a name leads nowhere there is a fault, and whatever may have been meant stands in, so that one misspelt name
//! does not also make a domain look empty or a step look impossible.

use super::fault::quoted;
use super::reader::Value;
use super::suggest;
use crate::domain::id::{DepartmentId, DomainId};
use crate::domain::org::Chart;

/// The thing of that kind that `value` names, or may have meant.
pub(super) fn one_of<'c, T>(value: &Value<'_>, kind: &str, all: impl IntoIterator<Item = (&'c str, T)>) -> Option<T> {
    let text = value.text()?;
    let mut all: Vec<(&str, T)> = all.into_iter().collect();
    let exact = all.iter().position(|(name, _)| *name == text);
    let at = exact.or_else(|| {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        value.fault(format!("{kind} {} is not in this chart", quoted(text)), suggest::help(text, &names, kind));
        let meant = suggest::nearest(text, names.iter().copied())?;
        names.iter().position(|name| *name == meant)
    })?;
    Some(all.swap_remove(at).1)
}

/// The domain that `value` names: `backend`, or `software/backend`. With a department, only its domains count.
pub(super) fn domain(value: &Value<'_>, department: Option<&DepartmentId>, chart: &Chart) -> Option<DomainId> {
    let text = value.text()?;
    let within = chart.domains.keys().filter(|domain| department.is_none_or(|it| domain.department() == *it));
    let domains: Vec<&DomainId> = within.collect();
    if text.contains('/') {
        return one_of(value, "domain", domains.into_iter().map(|domain| (domain.as_str(), domain.clone())));
    }
    let named: Vec<&str> = domains.iter().filter(|it| it.name() == text).map(|it| it.as_str()).collect();
    if named.len() > 1 {
        value.fault(
            format!("domain {} is in more than one department", quoted(text)),
            format!("write the department too: {}", suggest::list(named)),
        );
        return None;
    }
    one_of(value, "domain", domains.into_iter().map(|domain| (domain.name(), domain.clone())))
}

/// The department that `value` names; without a value the only one there is, if there is only one.
pub(super) fn department(value: Option<&Value<'_>>, chart: &Chart) -> Result<Option<DepartmentId>, Ambiguous> {
    let mut departments = chart.departments.keys();
    match (value, departments.next(), departments.next()) {
        (Some(value), ..) => {
            Ok(one_of(value, "department", chart.departments.keys().map(|it| (it.as_str(), it.clone()))))
        }
        (None, only, None) => Ok(only.cloned()),
        (None, ..) => Err(Ambiguous(suggest::list(chart.departments.keys().map(DepartmentId::as_str)))),
    }
}

/// No department is named, and there are several: these.
pub(super) struct Ambiguous(pub(super) String);
