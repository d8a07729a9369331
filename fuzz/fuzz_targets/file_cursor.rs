#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| catchment_formats::fuzz::file_cursor(data));
