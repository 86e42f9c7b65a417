//! Tests that cross crates: analytic, golden, command line.
