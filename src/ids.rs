//! Makes new ids: UUID v7 from a clock and a generator of random numbers, both given.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::{Builder, Uuid};

use crate::clock::Clock;
use crate::domain::id::{BroadcastId, EscalationId, InstructionId, QuestionId, TaskId};
use crate::domain::policy::Ids;
use crate::worker::Token;

/// Makes new ids. Clones share the same generator.
#[derive(Clone)]
pub struct IdSource {
    clock: Arc<dyn Clock>,
    random: Arc<Mutex<Random>>,
}

struct Random {
    generator: StdRng,
    /// The last id made: ids sort in the order in which they were made, even within one millisecond.
    last: u128,
}

impl IdSource {
    /// Ids that nobody can foresee.
    #[must_use]
    pub fn from_system(clock: Arc<dyn Clock>) -> Self {
        Self::new(clock, StdRng::from_os_rng())
    }

    /// The same ids for the same seed and the same times.
    #[must_use]
    pub fn from_seed(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self::new(clock, StdRng::seed_from_u64(seed))
    }

    fn new(clock: Arc<dyn Clock>, generator: StdRng) -> Self {
        Self { clock, random: Arc::new(Mutex::new(Random { generator, last: 0 })) }
    }

    fn uuid(&self) -> Uuid {
        let millis = self.clock.now().wall.as_millis().max(0).unsigned_abs();
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let noise: [u8; 10] = random.generator.random();
        let fresh = Builder::from_unix_timestamp_millis(millis, &noise).into_uuid().as_u128();
        // Within one millisecond the noise decides which is larger; an id that would sort before the last one follows
        // it at a distance that nobody can foresee.
        let distance = 1 + u128::from(random.generator.random::<u32>());
        random.last = if fresh > random.last { fresh } else { random.last + distance };
        Uuid::from_u128(random.last)
    }

    /// The id of a new instruction.
    #[must_use]
    pub fn instruction(&self) -> InstructionId {
        InstructionId::new(self.uuid())
    }

    /// The id of a new question.
    #[must_use]
    pub fn question(&self) -> QuestionId {
        QuestionId::new(self.uuid())
    }

    /// The id of a new message to a channel.
    #[must_use]
    pub fn broadcast(&self) -> BroadcastId {
        BroadcastId::new(self.uuid())
    }

    /// The secret of a new attempt: 128 random bits.
    #[must_use]
    pub fn token(&self) -> Token {
        let bytes: [u8; 16] = self.random.lock().unwrap_or_else(PoisonError::into_inner).generator.random();
        Token::from_bytes(&bytes)
    }
}

impl Ids for IdSource {
    fn instruction(&mut self) -> InstructionId {
        InstructionId::new(self.uuid())
    }

    fn question(&mut self) -> QuestionId {
        QuestionId::new(self.uuid())
    }

    fn task(&mut self) -> TaskId {
        TaskId::new(self.uuid())
    }

    fn escalation(&mut self) -> EscalationId {
        EscalationId::new(self.uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::time::WallTime;

    #[test]
    fn ids_sort_in_the_order_in_which_they_were_made_and_repeat_with_their_seed() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(WallTime::from_millis(1_780_000_000_000)));
        let make = || {
            let mut source = IdSource::from_seed(Arc::clone(&clock), 7);
            (0..1_000).map(|_| source.task()).collect::<Vec<_>>()
        };
        let ids = make();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(ids, make());
    }
}
