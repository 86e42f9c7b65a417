//! The kernels on the best vectors of this processor.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod suite;

use foehn_kernel::Processor;

#[test]
fn convolutions_are_sums_over_neighbours() {
    Processor::Native.select();
    suite::convolutions();
    suite::heads();
}

#[test]
fn blocks_are_what_they_are_made_of() {
    Processor::Native.select();
    suite::blocks();
}

#[test]
fn attention_is_a_weighted_mean() {
    Processor::Native.select();
    suite::attentions();
}

#[test]
fn resolutions_change_as_written() {
    Processor::Native.select();
    suite::resolutions();
}
