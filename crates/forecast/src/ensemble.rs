//! Which forecasts run together.

use foehn_field::Instant;
use foehn_noise::{Key, Purpose};

/// Initial times x members, shared out among networks and cut into blocks of at most `batch` forecasts
/// that run together.
///
/// Member m belongs to network m mod `networks`. The cut depends on the plan alone, so that an
/// interrupted run does the same blocks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnsemblePlan {
    /// Initial times.
    pub inits: Vec<Instant>,
    /// Members of each.
    pub members: u32,
    /// Networks that share the members.
    pub networks: u32,
    /// Forecasts in a block.
    pub batch: usize,
    /// Seed of the noise.
    pub seed: u64,
}

/// Forecasts that run together: (position of the initial time, member).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Number of the block in its plan.
    pub number: usize,
    /// The network of all its members.
    pub network: usize,
    /// The forecasts.
    pub pairs: Vec<(usize, u32)>,
}

impl EnsemblePlan {
    /// All blocks, network by network, in order of initial time, then member.
    pub fn blocks(&self) -> Vec<Block> {
        let networks = self.networks.max(1);
        let mut blocks = Vec::new();
        for network in 0..networks {
            let members = || (network..self.members).step_by(networks as usize);
            let pairs: Vec<_> = (0..self.inits.len())
                .flat_map(|init| members().map(move |member| (init, member)))
                .collect();
            for pairs in pairs.chunks(self.batch.max(1)) {
                blocks.push(Block {
                    number: blocks.len(),
                    network: network as usize,
                    pairs: pairs.to_vec(),
                });
            }
        }
        blocks
    }

    /// The names of the randomness of a block, which do not depend on the cut.
    pub fn keys(&self, block: &Block) -> Vec<Key> {
        let key = Key::new(self.seed, Purpose::Sample);
        let name =
            |&(init, member): &(usize, u32)| key.init(self.inits[init].seconds()).member(member);
        block.pairs.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn names(batch: usize, networks: u32) -> BTreeMap<(usize, u32), Key> {
        let inits = vec![Instant(0), Instant(86_400), Instant(172_800)];
        let plan = EnsemblePlan {
            inits,
            members: 5,
            networks,
            batch,
            seed: 3,
        };
        let mut names = BTreeMap::new();
        for (number, block) in plan.blocks().into_iter().enumerate() {
            assert_eq!(block.number, number);
            assert!(block.pairs.len() <= batch);
            assert!(
                block
                    .pairs
                    .iter()
                    .all(|(_, m)| *m as usize % networks as usize == block.network)
            );
            for (pair, key) in block.pairs.iter().zip(plan.keys(&block)) {
                assert!(names.insert(*pair, key).is_none(), "twice: {pair:?}");
            }
        }
        names
    }

    #[test]
    fn every_forecast_runs_once_with_the_same_key_in_any_cut() {
        let all = names(15, 1);
        assert_eq!(all.len(), 15);
        for batch in [1, 2, 4, 7, 100] {
            for networks in [1, 2, 3, 7] {
                assert_eq!(names(batch, networks), all);
            }
        }
    }
}
