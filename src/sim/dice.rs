//! Chance: everything that is left to it in a simulation comes from one seed and from what it is about.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// Where chance comes from. What is thrown for one thing does not depend on what was thrown for another before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dice {
    seed: u64,
}

impl Dice {
    /// By a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The generator for one thing: the same for the same seed and parts (FNV-1a, 64 bits, over all of them).
    #[must_use]
    pub fn about(self, parts: &[&[u8]]) -> StdRng {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut mix = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        for part in parts {
            part.iter().copied().for_each(&mut mix);
            // No text contains it, which sets the parts apart.
            mix(0xff);
        }
        StdRng::seed_from_u64(hash)
    }
}
