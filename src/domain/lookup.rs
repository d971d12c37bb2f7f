//! Tables in which things are found by their keys at once, and never walked in an order that a machine could change.
//!
//! [`Entities`] are both found and walked in order; what is hardly ever walked lies in a table without an order.

use std::collections::{BTreeSet, btree_set};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::Index;

use rustc_hash::FxHashMap;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A table of things by their keys. Whoever wants all of them gets them in the order of their keys, which costs a sort: a
/// table is for what is looked up far more often than it is walked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lookup<K: Hash + Eq, V> {
    found: FxHashMap<K, V>,
}

impl<K: Hash + Eq, V> Default for Lookup<K, V> {
    fn default() -> Self {
        Self { found: FxHashMap::default() }
    }
}

impl<K: Hash + Eq + Ord, V> Lookup<K, V> {
    /// What is kept under a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.found.get(key)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.found.get_mut(key)
    }

    /// Whether something is kept under a key.
    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.found.contains_key(key)
    }

    /// Keeps something, and gives back what was kept under the key before.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.found.insert(key, value)
    }

    /// What is kept under a key, or what there is where nothing is, from now on kept.
    pub(crate) fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.found.entry(key).or_default()
    }

    /// Takes away what is kept under a key.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.found.remove(key)
    }

    /// Leaves only what is to be kept.
    pub(crate) fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.found.retain(|key, _| keep(key));
    }

    /// How many things are kept.
    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether nothing is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Everything, to be changed, in the order of the keys.
    pub(crate) fn in_order_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        let mut all: Vec<(&K, &mut V)> = self.found.iter_mut().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all.into_iter()
    }

    /// Everything, in the order of the keys.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (&K, &V)> {
        let mut all: Vec<(&K, &V)> = self.found.iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all.into_iter()
    }
}

/// Entities by their ids: found at once, since each event looks for what it is about a dozen times, and walked in the order
/// of their ids. Each lies by itself, so adding or taking one away moves none of the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entities<K: Hash + Eq, V> {
    by_id: Lookup<K, Box<V>>,
    ids: BTreeSet<K>,
}

impl<K: Hash + Eq, V> Default for Entities<K, V> {
    fn default() -> Self {
        Self { by_id: Lookup::default(), ids: BTreeSet::new() }
    }
}

impl<K: Hash + Ord + Clone, V> Entities<K, V> {
    /// The entity with this id.
    #[must_use]
    pub fn get(&self, id: &K) -> Option<&V> {
        self.by_id.get(id).map(Box::as_ref)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: &K) -> Option<&mut V> {
        self.by_id.get_mut(id).map(Box::as_mut)
    }

    /// Whether there is one.
    #[must_use]
    pub fn contains_key(&self, id: &K) -> bool {
        self.by_id.contains_key(id)
    }

    /// Adds one, and gives back what had the id before.
    pub fn insert(&mut self, id: K, entity: V) -> Option<V> {
        self.ids.insert(id.clone());
        self.by_id.insert(id, Box::new(entity)).map(|before| *before)
    }

    /// Takes one away.
    pub fn remove(&mut self, id: &K) -> Option<V> {
        self.ids.remove(id);
        self.by_id.remove(id).map(|gone| *gone)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The ids, in order.
    pub fn keys(&self) -> btree_set::Iter<'_, K> {
        self.ids.iter()
    }

    /// The entities, in the order of their ids.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone + '_ {
        self.ids.iter().filter_map(|id| self.get(id))
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> + '_ {
        self.by_id.in_order_mut().map(|(_, entity)| entity.as_mut())
    }

    /// The entities from an id on, in the order of their ids.
    pub fn from(&self, id: K) -> impl Iterator<Item = &V> + '_ {
        self.ids.range(id..).filter_map(|id| self.get(id))
    }

    /// Leaves only those that are to be kept.
    pub fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        let gone: Vec<K> = self.iter().filter(|(id, found)| !keep(id, found)).map(|(id, _)| id.clone()).collect();
        for id in gone {
            self.remove(&id);
        }
    }

    /// The entities with their ids, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + '_ {
        self.ids.iter().filter_map(|id| Some((id, self.get(id)?)))
    }
}

impl<K: Hash + Ord + Clone, V> Index<&K> for Entities<K, V> {
    type Output = V;

    /// As of the map: whoever asks in this way knows that it is there.
    fn index(&self, id: &K) -> &V {
        &self.by_id.found[id]
    }
}

impl<K: Serialize + Hash + Ord + Clone, V: Serialize> Serialize for Entities<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Exact { left: self.len(), entries: self.iter() })
    }
}

impl<K: Hash + Ord + Clone, V> FromIterator<(K, V)> for Entities<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut all = Self::default();
        for (id, entity) in entries {
            all.insert(id, entity);
        }
        all
    }
}

impl<'de, K: Deserialize<'de> + Hash + Ord + Clone, V: Deserialize<'de>> Deserialize<'de> for Entities<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Reads entities one by one.
struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Hash + Ord + Clone, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
    type Value = Entities<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut all = Entities::default();
        while let Some((id, entity)) = entries.next_entry()? {
            all.insert(id, entity);
        }
        Ok(all)
    }
}

/// An iterator that knows how many are left, which a format without delimiters has to be told.
pub(in crate::domain) struct Exact<I> {
    pub(in crate::domain) left: usize,
    pub(in crate::domain) entries: I,
}

impl<I: Iterator> Iterator for Exact<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.left = self.left.saturating_sub(1);
        self.entries.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
