//! Programs with their arguments and environment, and the placeholders in them.

use std::collections::BTreeMap;

use super::fault::quoted;
use super::reader::Value;
use super::suggest;

/// What stands for something else in the command of a worker.
pub(super) const WORKER_PLACEHOLDERS: &[&str] = &["org_dir", "step"];

/// A program and its arguments: at least the program, and no placeholder but the allowed ones.
pub(super) fn argv(value: &Value<'_>, placeholders: &[&str]) -> Option<Vec<String>> {
    let items = value.list()?;
    if items.is_empty() {
        value.fault("the command is empty", "write the program and its arguments, such as `[\"sh\", \"check.sh\"]`");
        return None;
    }
    // Only the program itself has to be something; an argument may be empty on purpose.
    let texts = items.iter().enumerate().map(|(index, item)| {
        let text = if index == 0 { item.line_of_text()? } else { argument(item)? };
        check_placeholders(item, text, placeholders);
        Some(text.to_owned())
    });
    let texts: Vec<Option<String>> = texts.collect();
    texts.into_iter().collect()
}

/// Environment variables. No placeholder is replaced in them, so one that looks like it is a fault.
pub(super) fn environment(value: &Value<'_>) -> BTreeMap<String, String> {
    let Some(table) = value.table() else { return BTreeMap::new() };
    let read = |(name, value): (&str, Value<'_>)| {
        if name.is_empty() || name.contains(['=', '\0']) {
            value
                .fault(format!("{} is not the name of a variable", quoted(name)), "leave out `=` and use some letters");
        }
        let text = argument(&value)?;
        for placeholder in found(text).filter(|it| WORKER_PLACEHOLDERS.contains(it)) {
            value.fault(
                format!("`{{{placeholder}}}` is not replaced in the environment"),
                "use it in `command`, which is where it is replaced",
            );
        }
        Some((name.to_owned(), text.to_owned()))
    };
    table.entries().filter_map(read).collect()
}

/// Reports placeholders in free text that nearly are one of those replaced there; other braces are just text.
pub(super) fn check_text(value: &Value<'_>, text: &str, placeholders: &[&str]) {
    for name in found(text).filter(|name| !placeholders.contains(name)) {
        if let Some(meant) = suggest::nearest(name, placeholders.iter().copied()) {
            value.fault(format!("`{{{name}}}` stands for nothing"), format!("did you mean `{{{meant}}}`?"));
        }
    }
}

fn argument<'a>(value: &Value<'a>) -> Option<&'a str> {
    let text = value.any_text()?;
    if text.contains('\0') {
        value.fault("a program cannot be given a text with a zero byte", "drop the `\\u0000`");
        return None;
    }
    Some(text)
}

fn check_placeholders(value: &Value<'_>, text: &str, allowed: &[&str]) {
    for name in found(text).filter(|name| !allowed.contains(name)) {
        let help = match (suggest::nearest(name, allowed.iter().copied()), allowed.is_empty()) {
            (Some(meant), _) => format!("did you mean `{{{meant}}}`?"),
            (None, true) => "nothing is replaced here; put shell code with braces into a script".to_owned(),
            (None, false) => {
                let names: Vec<String> = allowed.iter().map(|name| format!("`{{{name}}}`")).collect();
                format!("use {}, or put shell code with braces into a script", names.join(" or "))
            }
        };
        value.fault(format!("`{{{name}}}` stands for nothing"), help);
    }
}

/// The names in braces: `org_dir` in `{org_dir}/run.sh`. What else stands in braces, or `${HOME}`, is the program's
/// own.
fn found(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('{').filter_map(|(at, _)| {
        let (before, after) = (text.get(..at)?, text.get(at.saturating_add(1)..)?);
        let (name, _) = after.split_once('}')?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (is_name && !before.ends_with('$')).then_some(name)
    })
}
