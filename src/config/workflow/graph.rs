//! What holds for all lists of things with keys that need each other: steps, the tasks of a step, and parts.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::fault::quoted;
use crate::config::reader::Table;
use crate::config::suggest;
use crate::domain::id::StepKey;
use crate::domain::plan::cycle;

/// Tables with the key and the needs of each.
pub(super) struct Graph<'a> {
    tables: Vec<Table<'a>>,
    keys: Vec<Option<StepKey>>,
    needs: Vec<Vec<StepKey>>,
}

impl<'a> Graph<'a> {
    /// Reads `key` and `needs` of each table; `kind` is what messages call one of them, `whole` what they are all of.
    pub(super) fn read(mut tables: Vec<Table<'a>>, kind: &str, whole: &str) -> Self {
        let read =
            |table: &mut Table<'_>| table.required("key", "`key = \"review\"`").and_then(|value| value.id::<StepKey>());
        let keys: Vec<Option<StepKey>> = tables.iter_mut().map(read).collect();
        let mut first: BTreeMap<&StepKey, Option<usize>> = BTreeMap::new();
        for (table, key) in tables.iter().zip(&keys) {
            let Some(key) = key else { continue };
            match first.get(key) {
                Some(line) => {
                    let line = line.map_or_else(String::new, |line| format!(" in line {line}"));
                    table.fault(format!("{} is already there{line}", table.label()), "give one of them another `key`");
                }
                None => {
                    first.insert(key, table.line());
                }
            }
        }
        let known: BTreeSet<&StepKey> = first.into_keys().collect();
        let needs = tables.iter_mut().map(|table| needs(table, &known, kind, whole)).collect();
        let graph = Self { tables, keys, needs };
        graph.circles();
        graph
    }

    /// Each table with its key and needs, to read the rest of it.
    pub(super) fn rest(self) -> impl Iterator<Item = (Table<'a>, Option<StepKey>, Vec<StepKey>)> {
        self.tables.into_iter().zip(self.keys).zip(self.needs).map(|((table, key), needs)| (table, key, needs))
    }

    /// Reports what waits for itself. Of two with one key the later counts.
    fn circles(&self) {
        let keys = self.keys.iter().zip(&self.needs);
        let waits = keys.filter_map(|(key, needs)| {
            Some((key.as_ref()?.as_str(), needs.iter().map(StepKey::as_str).collect::<BTreeSet<_>>()))
        });
        for circle in cycle::circles(&waits.collect()) {
            let first = circle.first().copied();
            let found = self.tables.iter().zip(&self.keys);
            let found = found.into_iter().find(|(_, key)| key.as_ref().map(StepKey::as_str) == first);
            let Some((table, _)) = found else { continue };
            let around = circle.iter().copied().chain(first).map(quoted).collect::<Vec<_>>().join(" needs ");
            table.fault(format!("none of these can start: {around}"), "drop one of these needs");
        }
    }
}

fn needs(table: &mut Table<'_>, known: &BTreeSet<&StepKey>, kind: &str, whole: &str) -> Vec<StepKey> {
    let mut needs: Vec<StepKey> = Vec::new();
    for item in table.optional("needs").and_then(|value| value.list()).unwrap_or_default() {
        let Some(name) = item.text() else { continue };
        match known.iter().find(|key| key.as_str() == name) {
            Some(key) if needs.contains(key) => item.fault(format!("{kind} `{key}` is needed twice"), "name it once"),
            Some(key) => needs.push((*key).clone()),
            None => {
                let keys: Vec<&str> = known.iter().map(|key| key.as_str()).collect();
                item.fault(format!("{kind} {} is not in {whole}", quoted(name)), suggest::help(name, &keys, kind));
            }
        }
    }
    needs
}
