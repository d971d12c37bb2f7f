//! A map for stubs: what is kept of all that was ever done, which is very much, and small.

use serde::{Serialize, Serializer};

use crate::domain::lookup::Exact;

/// Entries of a chunk of [`Stubs`] at most: adding one in the middle moves half as many, some kilobytes.
const CHUNK: usize = 256;

/// Small things by their keys, of which some are added and none is ever taken away: what is kept of all that was ever done.
/// Where keys come in order, as those of ids nearly do, this costs no more than the entries themselves.
#[derive(Clone, Debug)]
pub struct Stubs<K, V> {
    /// Sorted, and none of them empty.
    chunks: Vec<Vec<(K, V)>>,
    count: usize,
}

impl<K, V> Default for Stubs<K, V> {
    fn default() -> Self {
        Self { chunks: Vec::new(), count: 0 }
    }
}

impl<K: Ord, V> Stubs<K, V> {
    /// The chunk in which a key is, if it is anywhere.
    fn chunk_of(&self, key: &K) -> usize {
        let after = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|(first, _)| first <= key));
        after.saturating_sub(1)
    }

    /// What is kept under a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        let place = chunk.binary_search_by(|(found, _)| found.cmp(key)).ok()?;
        chunk.get(place).map(|(_, value)| value)
    }

    /// Whether something is.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Keeps something, in place of what was kept under the key before.
    pub fn insert(&mut self, key: K, value: V) {
        let number = self.chunk_of(&key);
        let is_last = number.saturating_add(1) >= self.chunks.len();
        let Some(chunk) = self.chunks.get_mut(number) else {
            self.chunks.push(vec![(key, value)]);
            self.count = 1;
            return;
        };
        match chunk.binary_search_by(|(found, _)| found.cmp(&key)) {
            Ok(place) => {
                if let Some(found) = chunk.get_mut(place) {
                    found.1 = value;
                }
                return;
            }
            Err(place) if chunk.len() >= CHUNK => {
                // At the end a full chunk stays full, and the next one begins.
                let cut = if is_last && place == chunk.len() { place } else { chunk.len() / 2 };
                let mut rest = Vec::with_capacity(CHUNK);
                rest.extend(chunk.drain(cut..));
                if place >= cut {
                    rest.insert(place.saturating_sub(cut), (key, value));
                } else {
                    chunk.insert(place, (key, value));
                }
                self.chunks.insert(number.saturating_add(1), rest);
            }
            Err(place) => chunk.insert(place, (key, value)),
        }
        self.count = self.count.saturating_add(1);
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Everything with its key, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone + '_ {
        self.chunks.iter().flatten().map(|(key, value)| (key, value))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone + '_ {
        self.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone + '_ {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Ord, V: PartialEq> PartialEq for Stubs<K, V> {
    /// By what is in them, whatever the order it came in.
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.iter().eq(other.iter())
    }
}

impl<K: Serialize + Ord, V: Serialize> Serialize for Stubs<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Exact { left: self.count, entries: self.iter() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_in_order_fill_their_chunks() {
        let mut stubs = Stubs::default();
        (0..1_000_u32).for_each(|key| stubs.insert(key, ()));
        assert_eq!(stubs.chunks.iter().map(Vec::len).collect::<Vec<_>>(), [256, 256, 256, 232]);
    }

    proptest! {
        #[test]
        fn stubs_are_a_map(entries in proptest::collection::vec((0..2_000_u16, any::<u8>()), 0..3_000)) {
            let (mut stubs, mut map) = (Stubs::default(), BTreeMap::new());
            for (key, value) in entries {
                stubs.insert(key, value);
                map.insert(key, value);
            }
            prop_assert!(stubs.iter().eq(map.iter()));
            prop_assert_eq!(stubs.len(), map.len());
            prop_assert!((0..2_000).all(|key| stubs.get(&key) == map.get(&key)));
            prop_assert!(stubs.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
            prop_assert_eq!(serde_json::to_string(&stubs).ok(), serde_json::to_string(&map).ok());
        }
    }
}
