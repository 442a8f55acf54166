#![no_main]
#[path = "../targets/known_hosts.rs"]
mod target;
libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));
