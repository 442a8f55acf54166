//! Part of Homing.

pub mod dialer;
