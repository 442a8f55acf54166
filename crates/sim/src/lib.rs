//! Simulated devices, many in one process, and what a gateway does with them.

pub mod figures;
pub mod load;
pub mod manager;
pub mod measure;
pub mod process;
mod random;
pub mod storm;
pub mod storm_table;
