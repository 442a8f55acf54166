//! The device: dials out as Junos's outbound-ssh service does, and serves SSH and NETCONF there.

pub mod status;
