//! The stochastic two-dimensional Navier-Stokes equation on a doubly periodic square.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined into the dispatch is compiled for the oldest processor"
)]

mod advection;
mod aligned;
pub mod climate;
pub mod config;
mod forcing;
mod lanes;
mod modes;
pub mod moments;
mod plane;
mod rows;
pub mod solver;
pub mod trajectory;
