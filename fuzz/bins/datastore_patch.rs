#![no_main]
#[path = "../targets/datastore_patch.rs"]
mod target;
libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));
