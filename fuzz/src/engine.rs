//! Fuzz targets of the engine: what holds whatever comes in, by its public interface alone. `cargo test` calls them with
//! the inputs in `fuzz/corpus`.

use catchment::{Schedule, TargetOptions};
use catchment_core::ErrorKind;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

/// A cron expression, a time zone and a time in seconds, a line each: the next time is later, on a whole minute, and the
/// next one of all moments up to it.
pub fn schedule(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let (expression, zone) = (lines.next().unwrap_or_default(), lines.next().unwrap_or("UTC"));
    let seconds = lines.next().and_then(|line| line.parse().ok()).unwrap_or_default();
    let Ok(now) = Timestamp::from_second(seconds) else { return };
    let schedule = match Schedule::new(expression, Some(zone), None) {
        Ok(schedule) => schedule,
        Err(error) => {
            assert!(error.kind() == ErrorKind::Config && !error.message().is_empty(), "{error:?}");
            return;
        }
    };
    let Ok(next) = schedule.next_after(now) else { return };
    assert!(next > now, "{next} is not after {now}");
    let local = next.to_zoned(schedule.zone().clone());
    let has_seconds = expression.split_whitespace().count() > 5;
    assert!(has_seconds || local.second() == 0, "{local} is no whole minute");
    let wait = next.duration_since(now);
    for moment in [now + wait / 2, next - SignedDuration::from_secs(1)] {
        // Half a second may be nothing.
        if moment >= now && moment < next {
            assert_eq!(schedule.next_after(moment).ok(), Some(next), "after {moment}, which is after {now}");
        }
    }
}

/// The options of a request: the engine's own are taken, the others left, and both stay what they are.
pub fn target_options(data: &[u8]) {
    let Ok(Value::Object(options)) = serde_json::from_slice(data) else { return };
    let (target, rest) = match TargetOptions::split(options.clone()) {
        Ok(split) => split,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
            let is_placed = |pointer: &str| pointer.starts_with("/options");
            assert!(error.details().iter().any(|detail| is_placed(&detail.pointer)), "{error:?}");
            return;
        }
    };
    let own = as_options(&target);
    for (name, value) in &options {
        assert!(own.contains_key(name) || rest.get(name) == Some(value), "{name} is lost");
    }
    assert!(rest.keys().all(|name| options.contains_key(name) && !own.contains_key(name)), "{rest:?}");
    let (again, nothing) = TargetOptions::split(own.clone()).expect("what was accepted is accepted");
    assert!(nothing.is_empty(), "{nothing:?}");
    assert_eq!(as_options(&again), own);
}

fn as_options(target: &TargetOptions) -> Map<String, Value> {
    match serde_json::to_value(target) {
        Ok(Value::Object(options)) => options,
        other => unreachable!("options are an object and not {other:?}"),
    }
}
