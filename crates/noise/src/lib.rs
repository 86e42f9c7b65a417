//! Counter-based random numbers: every draw is named by a key, not by an order.
//!
//! A [`Key`] names one stream of independent draws. Two programs that ask for the same key get the
//! same numbers, whatever the batch, thread or rank that asks and whatever was drawn before; so an
//! ensemble member is the same alone or among fifty. The generator is `ChaCha8` (Bernstein 2008, from
//! the crate `rand_chacha`), whose 256-bit key holds the fields of [`Key`] side by side: distinct keys
//! give streams that are independent for every statistical purpose.
//!
//! ```
//! use foehn_noise::{Key, Purpose};
//! let key = Key::new(7, Purpose::Sample).init(978_307_200).member(3).lead(1);
//! let (mut alone, mut again) = ([0f32; 4], [0f32; 4]);
//! key.step(2).normals(&mut alone);
//! key.step(5).normals(&mut [0f32; 100]);
//! key.step(2).normals(&mut again);
//! assert_eq!(alone, again);
//! ```

use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// What a stream is for; streams of two purposes never share a number.
///
/// What the other fields of a [`Key`] count, purpose by purpose; those not named are zero:
///
/// | purpose | `init` | `member` | `lead` | `step` |
/// |---|---|---|---|---|
/// | `Train` | optimiser's step | sample of the batch | | 0 time, 1 latent, 2 noise on the condition or Gaussian start, 3 transport; probes as `Sample` |
/// | `Validate` | batch, where there are several | window, or sample of the batch | | as `Train` |
/// | `Sample` | initial time, s | member | from 1; 0 for what is no forecast | see below |
/// | `Simulate` | run, or step of a training on draws | | | time step |
/// | `Shuffle` | epoch | 1 for starts without pairs | | |
/// | `Ties` | initial time, s | of calibrated cases: 1 for members that are all the same, `2^32 - 1` for a place on a jump | from 1; of calibrated cases minutes | cell; of calibrated cases their place |
/// | `Weights` | | network | 1 and 2: seeds of the pairs of a learnt path's network and of the path | |
/// | `Choose` | valid time, s; 0 for rows set aside | | | |
/// | `Dropout` | | | | layer; the seed is the bits of the sample's time |
/// | `Resample` | first date of a block whose cases are drawn, s; row whose members are drawn | set of draws | 1 for members of a row, 2 for blocks of dates | replicate |
/// | `Degrade` | picture (its number, or checksum), time of a field, s, or optimiser's step | 0, or 1 + sample of the batch | | 0 mask, 1 noise, 2 flip and crop, 3 whether the class is told, 4 the time whose gaps are borrowed |
///
/// The steps of `Sample`, for numbers of steps, probes and corrections of which none goes beyond its part:
///
/// | from | what (the constant of crate `foehn-dynamics`) |
/// |---|---|
/// | 0 | step k of a solver; step k of path p of a likelihood bound of n steps, `p n + k` |
/// | `2^24` | correction c = 1, 2, ... after step k, `c 2^24 + k` (`CORRECTION`) |
/// | `2^30 + 1` | probes of divergences, one after the other (`PROBES`) |
/// | `2^31 + 1` | nodes of a Brownian path's tree (`NODES`) |
/// | `3 2^30` | the second draw of step k, `3 2^30 + k` (`SECOND_DRAW`) |
/// | `2^32 - 1` | the Gaussian start of a generated sample |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// Interpolation times and latents drawn while training.
    Train = 1,
    /// Wiener increments of a sampler.
    Sample = 2,
    /// Forcing of a simulation.
    Simulate = 3,
    /// The order in which samples are visited.
    Shuffle = 4,
    /// Ties in rank histograms.
    Ties = 5,
    /// Initial weights of networks.
    Weights = 6,
    /// Times and latents drawn for the validation loss, the same at every evaluation.
    Validate = 7,
    /// Choice of members, such as those of a climatological ensemble.
    Choose = 8,
    /// Units switched off while training.
    Dropout = 9,
    /// Resampling, such as a bootstrap.
    Resample = 10,
    /// Masks and degradations of images and fields.
    Degrade = 11,
}

/// The name of one stream of random numbers: what its fields count depends on its [`Purpose`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    seed: u64,
    init: i64,
    member: u32,
    lead: u32,
    step: u32,
    purpose: Purpose,
}

impl Key {
    /// The stream of `seed` and `purpose` with all counters at zero.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Self {
            seed,
            init: 0,
            member: 0,
            lead: 0,
            step: 0,
            purpose,
        }
    }

    /// The same name with another initial time.
    #[must_use]
    pub fn init(self, init: i64) -> Self {
        Self { init, ..self }
    }

    /// The same name with another member.
    #[must_use]
    pub fn member(self, member: u32) -> Self {
        Self { member, ..self }
    }

    /// The same name with another lead.
    #[must_use]
    pub fn lead(self, lead: u32) -> Self {
        Self { lead, ..self }
    }

    /// The same name with another step.
    #[must_use]
    pub fn step(self, step: u32) -> Self {
        Self { step, ..self }
    }

    /// The generator at the start of this stream.
    pub fn rng(&self) -> ChaCha8Rng {
        let mut bytes = [0u8; 32];
        bytes[0..8].copy_from_slice(&self.seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.init.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.member.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.lead.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.step.to_le_bytes());
        bytes[28..32].copy_from_slice(&(self.purpose as u32).to_le_bytes());
        ChaCha8Rng::from_seed(bytes)
    }

    /// Fills `out` with independent standard normal draws.
    pub fn normals(&self, out: &mut [f32]) {
        self.fill(StandardNormal, out);
    }

    /// Fills `out` with independent standard normal draws in double precision.
    pub fn normals_f64(&self, out: &mut [f64]) {
        self.fill(StandardNormal, out);
    }

    /// Fills `out` with independent draws, uniform on [0, 1).
    pub fn uniforms(&self, out: &mut [f64]) {
        self.fill(StandardUniform, out);
    }

    /// The numbers `0..n` in random order.
    pub fn permutation(&self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut self.rng());
        order
    }

    /// One 64-bit draw: a seed for a generator that is not ours.
    pub fn seed_from(&self) -> u64 {
        self.rng().next_u64()
    }

    fn fill<T, D: Distribution<T>>(&self, law: D, out: &mut [T]) {
        let mut rng = self.rng();
        for value in out {
            *value = law.sample(&mut rng);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(key: Key) -> [u64; 2] {
        let mut rng = key.rng();
        [rng.next_u64(), rng.next_u64()]
    }

    #[test]
    fn every_field_of_the_key_changes_the_stream() {
        let key = Key::new(1, Purpose::Sample);
        let others = [
            Key::new(2, Purpose::Sample),
            Key::new(1, Purpose::Train),
            key.init(1),
            key.member(1),
            key.lead(1),
            key.step(1),
        ];
        for (i, other) in others.iter().enumerate() {
            assert_ne!(draws(key), draws(*other), "field {i}");
            for later in &others[i + 1..] {
                assert_ne!(draws(*other), draws(*later));
            }
        }
    }

    #[test]
    fn zero_key_gives_the_published_chacha8_stream() {
        // eSTREAM test vector for ChaCha8, 256-bit zero key, zero nonce: 3e00ef2f 895f40d6 ...
        let mut rng = ChaCha8Rng::from_seed([0; 32]);
        assert_eq!(rng.next_u32().to_le_bytes(), [0x3e, 0x00, 0xef, 0x2f]);
        assert_eq!(rng.next_u32().to_le_bytes(), [0x89, 0x5f, 0x40, 0xd6]);
    }

    #[test]
    fn moments_of_normals_are_those_of_the_standard_normal() {
        const N: usize = 400_000;
        let mut z = vec![0f64; N];
        Key::new(3, Purpose::Sample).normals_f64(&mut z);
        let moment = |p: i32| z.iter().map(|z| z.powi(p)).sum::<f64>() / N as f64;
        // standard errors of the first four moments: sqrt(1, 2, 15, 96) / sqrt(N); bound: 4 of them
        let bound = |variance: f64| 4.0 * (variance / N as f64).sqrt();
        assert!(moment(1).abs() < bound(1.0));
        assert!((moment(2) - 1.0).abs() < bound(2.0));
        assert!(moment(3).abs() < bound(15.0));
        assert!((moment(4) - 3.0).abs() < bound(96.0));
    }

    #[test]
    fn members_are_uncorrelated() {
        const N: usize = 200_000;
        let key = Key::new(3, Purpose::Sample);
        let (mut a, mut b) = (vec![0f32; N], vec![0f32; N]);
        key.member(0).normals(&mut a);
        key.member(1).normals(&mut b);
        let correlation = a.iter().zip(&b).map(|(a, b)| f64::from(a * b)).sum::<f64>() / N as f64;
        assert!(correlation.abs() < 4.0 / (N as f64).sqrt());
    }
}
