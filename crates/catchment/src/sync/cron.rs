//! Schedules of saved syncs: cron expressions in a time zone, with a jitter.

use std::time::Duration;

use catchment_core::{Error, Result};
use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::saved::SyncSchedule;

/// The longest jitter.
const MAX_JITTER: SignedDuration = SignedDuration::from_hours(24);
/// What stands for five fields.
const MACROS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];
/// What the databases can hold.
const END_OF_TIME: Timestamp = Timestamp::constant(2_145_916_800, 0);

/// A schedule that has been found fit.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    cron: Cron,
    zone: TimeZone,
    jitter: Duration,
}

impl Clock {
    /// # Errors
    /// `config`, `invalid_schedule`, with a JSON pointer and what is accepted.
    pub(super) fn new(schedule: &SyncSchedule, service_zone: Option<&str>) -> Result<Self> {
        Self::at("/schedule", schedule, service_zone)
    }

    /// The same of a schedule that stands at a pointer.
    pub(super) fn at(pointer: &str, schedule: &SyncSchedule, service_zone: Option<&str>) -> Result<Self> {
        Self::checked(schedule, service_zone).map_err(|(name, problem)| {
            let pointer = format!("{pointer}/{name}");
            Error::config("invalid_schedule", format!("{pointer}: {problem}")).with_detail(&pointer, &problem)
        })
    }

    fn checked(schedule: &SyncSchedule, service_zone: Option<&str>) -> Result<Self, Problem> {
        let cron = parse(&schedule.cron)?;
        let zone = zone(schedule.time_zone.as_deref().or(service_zone))?;
        let jitter = schedule.jitter.as_deref().map(jitter).transpose()?.unwrap_or_default();
        let clock = Self { cron, zone, jitter };
        if clock.next_after(Timestamp::now()).is_none() {
            return Err(("cron", format!("`{}` is never due", schedule.cron)));
        }
        Ok(clock)
    }

    /// The first time after `now`, if there is one.
    pub(super) fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.cron.find_next_occurrence(&now.to_zoned(self.zone.clone()), false);
        next.map(|next| next.timestamp()).ok().filter(|next| *next < END_OF_TIME)
    }

    /// The last time up to `now`, which is not before `first`, a time itself.
    pub(super) fn last_until(&self, now: Timestamp, first: Timestamp) -> Timestamp {
        let last = self.cron.find_previous_occurrence(&now.to_zoned(self.zone.clone()), true);
        last.map_or(first, |last| last.timestamp().max(first))
    }

    /// When the sync of this name begins that is due at a time: the same everywhere, and each time another.
    pub(super) fn begins_at(&self, name: &str, tick: Timestamp) -> Timestamp {
        let millis = u64::try_from(self.jitter.as_millis()).unwrap_or_default();
        if millis == 0 {
            return tick;
        }
        let digest = Sha256::digest(format!("{name} {}", tick.as_millisecond()));
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        tick.checked_add(Duration::from_millis(number % millis)).unwrap_or(tick)
    }

    /// The next times after `now` at which the sync of this name begins.
    pub(super) fn next_times(&self, name: &str, now: Timestamp, count: usize) -> Vec<Timestamp> {
        let ticks = std::iter::successors(Some(now), |tick| self.next_after(*tick));
        ticks.skip(1).take(count).map(|tick| self.begins_at(name, tick)).collect()
    }

    /// Its time zone, by the name of the IANA database.
    pub(super) fn zone_name(&self) -> Option<&str> {
        self.zone.iana_name()
    }
}

/// The name of the field that does not fit, and why.
type Problem = (&'static str, String);

fn parse(text: &str) -> Result<Cron, Problem> {
    let refuse = |problem: &str| {
        let problem = format!("`{text}` {problem}; write five fields, such as `0 3 * * *`, or `@daily`");
        ("cron", problem)
    };
    let expression = match text.trim() {
        named if named.starts_with('@') => {
            let known = MACROS.iter().find(|(name, _)| named.eq_ignore_ascii_case(name));
            known.ok_or_else(|| refuse("is not known"))?.1
        }
        fields => fields,
    };
    let fields: Vec<_> = expression.split_whitespace().collect();
    if fields.len() != 5 {
        let seconds = if fields.len() > 5 { ", without seconds and years" } else { "" };
        return Err(refuse(&format!("has {} fields{seconds}", fields.len())));
    }
    if expression.contains('?') {
        return Err(refuse("has a `?`, which is of Quartz: write `*`"));
    }
    if fields.iter().flat_map(|field| field.split(',')).any(str::is_empty) {
        return Err(refuse("has a list with an empty item"));
    }
    expression.parse::<Cron>().map_err(|error| {
        let error = error.to_string();
        refuse(&format!("is no cron expression: {}", error.trim_end_matches('.')))
    })
}

fn zone(name: Option<&str>) -> Result<TimeZone, Problem> {
    let Some(name) = name else { return Ok(TimeZone::system()) };
    TimeZone::get(name).map_err(|_| {
        let problem =
            format!("`{name}` is no time zone of the IANA database; use a name such as Europe/Madrid");
        ("timeZone", problem)
    })
}

fn jitter(text: &str) -> Result<Duration, Problem> {
    let jitter = text.trim().parse::<SignedDuration>().ok();
    let jitter = jitter.filter(|jitter| !jitter.is_negative() && *jitter <= MAX_JITTER);
    jitter.and_then(|jitter| Duration::try_from(jitter).ok()).ok_or_else(|| {
        let problem = format!("`{text}` is no time up to a day; write such as `30s`, `5m` or `1h`");
        ("jitter", problem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(cron: &str, jitter: Option<&str>) -> Result<Clock> {
        let (overlap, catch_up) = Default::default();
        let (cron, jitter) = (cron.to_owned(), jitter.map(str::to_owned));
        Clock::new(&SyncSchedule { cron, time_zone: None, overlap, jitter, catch_up }, Some("Europe/Madrid"))
    }

    #[test]
    fn five_fields_and_names_are_taken_and_what_is_never_due_is_not() {
        for text in ["0 3 * * *", " */5 8-18 * * MON-FRI ", "@daily", "@Hourly", "0 0 29 2 *"] {
            assert!(clock(text, None).is_ok(), "{text}");
        }
        for text in [
            "0 0 12 * * ?",
            "0 12 * * ?",
            "0 0 31 2 *",
            "",
            "3 * * *",
            "@reboot",
            "0 3,,4 * * *",
            "60 * * * *",
        ] {
            let error = clock(text, None).unwrap_err();
            assert_eq!(
                (error.code(), &*error.details()[0].pointer),
                ("invalid_schedule", "/schedule/cron"),
                "{text}"
            );
        }
        for text in ["soon", "-5m", "25h"] {
            assert_eq!(&*clock("@daily", Some(text)).unwrap_err().details()[0].pointer, "/schedule/jitter");
        }
    }

    #[test]
    fn jitter_is_the_same_everywhere_and_another_each_time() {
        let clock = clock("0 3 * * *", Some("10m")).unwrap();
        let ticks = std::iter::successors(Some(Timestamp::UNIX_EPOCH), |tick| clock.next_after(*tick));
        let delays: Vec<_> = ticks
            .skip(1)
            .take(50)
            .map(|tick| clock.begins_at("precios", tick).duration_since(tick).as_millis())
            .collect();
        assert!(delays.iter().all(|delay| (0..600_000).contains(delay)), "{delays:?}");
        let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
        assert!(*least < 120_000 && *most > 480_000, "they are spread");
        let other = Timestamp::UNIX_EPOCH;
        assert_eq!(clock.begins_at("a", other), clock.begins_at("a", other));
        assert_ne!(clock.begins_at("a", other), clock.begins_at("b", other));
    }

    #[test]
    fn the_last_time_is_found_after_a_long_pause() {
        let clock = clock("0 3 * * *", None).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let first = at("2026-01-01T02:00:00Z");
        assert_eq!(clock.last_until(at("2026-01-04T12:00:00Z"), first), at("2026-01-04T02:00:00Z"));
        assert_eq!(clock.last_until(at("2026-01-01T02:00:01Z"), first), first);
    }
}
