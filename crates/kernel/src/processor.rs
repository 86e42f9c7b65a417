//! The vectors of the processor at hand.

use pulp::{Arch, Simd, WithSimd};
use std::sync::OnceLock;

/// Which vectors the kernels may use; the processor is asked at run time what it has.
///
/// Results differ between processors in the last bits: wider vectors take sums in another order, and without
/// vectors products are rounded before they are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// The best there are: AVX-512, AVX2 with FMA, NEON or none.
    Native,
    /// At most AVX2 with FMA.
    Avx2,
    /// None: one number at a time.
    Portable,
}

static CHOICE: OnceLock<Processor> = OnceLock::new();

impl Processor {
    /// Makes this the choice of the whole process, to test the paths of other processors, and says whether
    /// it is. The first choice stays, and so does the native one once a kernel has run: memory is laid out
    /// for it.
    #[must_use]
    pub fn select(self) -> bool {
        *CHOICE.get_or_init(|| self) == self
    }
}

/// Runs `job` compiled for the vectors of the processor.
pub(crate) fn run<J: WithSimd>(job: J) -> J::Output {
    let choice = *CHOICE.get_or_init(|| Processor::Native);
    if choice == Processor::Portable {
        return Arch::Scalar.dispatch(job);
    }
    #[cfg(target_arch = "x86_64")]
    if choice == Processor::Avx2 {
        return match pulp::x86::V3::try_new() {
            Some(simd) => Simd::vectorize(simd, job),
            None => Arch::Scalar.dispatch(job),
        };
    }
    Arch::new().dispatch(job)
}

/// How many numbers a vector holds.
pub(crate) fn lanes() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    run(Lanes)
}

/// Vectors side by side in one panel of a right-hand matrix.
#[inline(always)]
pub(crate) const fn panel_vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
}

/// `count` rounded up to whole vectors.
pub(crate) fn whole(count: usize) -> usize {
    count.next_multiple_of(lanes())
}
