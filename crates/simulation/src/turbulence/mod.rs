//! The stochastic two-dimensional Navier-Stokes equation on a doubly periodic square.

mod advection;
pub mod climate;
pub mod config;
mod forcing;
mod modes;
pub mod moments;
mod plane;
pub mod solver;
pub mod trajectory;
