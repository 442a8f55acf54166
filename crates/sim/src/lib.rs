//! Simulated devices, many in one process, and what a gateway does with them.

pub mod device;
pub mod figures;
pub mod manager;
pub mod measure;
pub mod process;
pub mod storm;
pub mod storm_table;
