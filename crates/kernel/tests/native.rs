//! The kernels on the best vectors of this processor.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod suite;

use foehn_kernel::Processor;

#[test]
fn convolutions_are_sums_over_neighbours() {
    assert!(Processor::Native.select());
    suite::convolutions();
    suite::heads();
}

#[test]
fn blocks_are_what_they_are_made_of() {
    assert!(Processor::Native.select());
    suite::blocks();
}

#[test]
fn attention_is_a_weighted_mean() {
    assert!(Processor::Native.select());
    suite::attentions();
    suite::attention_of_what_is_not_a_number();
}

#[test]
fn resolutions_change_as_written() {
    assert!(Processor::Native.select());
    suite::resolutions();
}

#[test]
fn branches_of_transformers_are_what_they_are_made_of() {
    assert!(Processor::Native.select());
    suite::tokens();
}
