//! When the daily job is due.
//!
//! The expression is read as Vixie cron and the Open Cron Pattern Specification do it, in a time zone of the IANA
//! database. Where clocks go forward over a fixed time, it is due at the first moment after the gap; where they go
//! back over it, once, at the first of the two.

use catchment_core::{Error, Result};
use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// When the daily job is due, and what it does beyond retrying.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
    /// Content that no run has seen for so many days is deleted. Never, where it is not set.
    pub(super) content_retention_days: Option<u32>,
}

impl Schedule {
    /// A schedule from a cron expression of five fields and an IANA time zone; without one, the system's.
    ///
    /// # Errors
    /// `config`, with what is accepted.
    pub fn new(expression: &str, zone: Option<&str>, content_retention_days: Option<u32>) -> Result<Self> {
        let invalid = |problem: &dyn std::fmt::Display| {
            let problem = problem.to_string();
            let problem = problem.trim_end_matches('.');
            let message = format!(
                "`{expression}` is not a valid cron expression (--retry-cron): {problem}; write five fields, such \
                 as `0 3 * * *`"
            );
            Error::config("invalid_settings", message)
        };
        // Read as no minute at all, `,` would be looked for until the year 5000, for minutes.
        if expression.split_whitespace().flat_map(|field| field.split(',')).any(str::is_empty) {
            return Err(invalid(&"a list has an empty item"));
        }
        let cron = expression.parse::<Cron>().map_err(|error| invalid(&error))?;
        let zone = match zone {
            None => TimeZone::system(),
            Some(name) => TimeZone::get(name).map_err(|error| {
                let message = format!(
                    "`{name}` is not a time zone of the IANA database (--time-zone): {error}; use a name such as \
                     Europe/Madrid"
                );
                Error::config("invalid_settings", message)
            })?,
        };
        Ok(Self { cron, zone, content_retention_days })
    }

    /// The first time after `now` at which the job is due.
    ///
    /// # Errors
    /// `config`, when it is never due again.
    pub fn next_after(&self, now: Timestamp) -> Result<Timestamp> {
        let next = self.cron.find_next_occurrence(&now.to_zoned(self.zone.clone()), false);
        next.map(|next| next.timestamp())
            .map_err(|error| Error::config("invalid_settings", format!("{}: {error}", self.cron.as_str())))
    }

    /// Its time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// What the next time is computed from, for processes to compare.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.cron.as_str(), self.zone.iana_name().unwrap_or("system"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, zone: &str, now: &str) -> String {
        let schedule = Schedule::new(expression, Some(zone), None).unwrap();
        let next = schedule.next_after(now.parse().unwrap()).unwrap();
        next.to_zoned(schedule.zone().clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    #[test]
    fn three_at_night_is_local_time() {
        assert_eq!(next("0 3 * * *", "Europe/Madrid", "2026-01-24T01:59:59Z"), "2026-01-24 03:00 CET");
        assert_eq!(next("0 3 * * *", "Europe/Madrid", "2026-01-24T02:00:00Z"), "2026-01-25 03:00 CET");
        assert_eq!(next("0 3 * * *", "America/Bogota", "2026-01-24T02:00:00Z"), "2026-01-24 03:00 -05");
    }

    #[test]
    fn a_time_in_the_gap_is_due_after_it_and_a_doubled_one_once() {
        // Madrid 2026: 02:00 to 03:00 on 29 March, 03:00 back to 02:00 on 25 October.
        assert_eq!(next("30 2 * * *", "Europe/Madrid", "2026-03-29T00:00:00Z"), "2026-03-29 03:00 CEST");
        assert_eq!(next("30 2 * * *", "Europe/Madrid", "2026-10-25T00:00:00Z"), "2026-10-25 02:30 CEST");
        assert_eq!(next("30 2 * * *", "Europe/Madrid", "2026-10-25T00:30:00Z"), "2026-10-26 02:30 CET");
    }

    /// Each time of two years from 2026-01-01T00:00:00Z on, in seconds since 1970, a line each: their number and the
    /// beginning of their SHA-256, as cronsim 2 (PyPI) has them.
    #[test]
    fn two_years_agree_with_another_implementation() {
        use sha2::{Digest, Sha256};
        let (start, end) = ("2026-01-01T00:00:00Z".parse().unwrap(), "2028-01-01T00:00:00Z".parse().unwrap());
        for (zone, expression, count, digest) in [
            ("Europe/Madrid", "0 3 * * *", 730, "7bcd9636b6b5a401"),
            ("Europe/Madrid", "30 2 * * *", 730, "2a492216b121ccc2"),
            ("Europe/Madrid", "15 1 * * 0", 104, "1fb409552365564d"),
            ("Europe/Madrid", "*/30 * * * *", 35039, "4bdd3df3531374f7"),
            ("Europe/Madrid", "0 */6 * * *", 2920, "2e1ba8e23ee73c62"),
            ("Europe/Madrid", "45 23 28-31 * *", 82, "b12079b1a91c35c5"),
            ("America/New_York", "0 3 * * *", 730, "39a74ea7d2edec05"),
            ("America/New_York", "30 2 * * *", 730, "cc28139f1e00e880"),
            ("America/New_York", "15 1 * * 0", 104, "bcefd893644ee3b6"),
            ("America/New_York", "0 */6 * * *", 2920, "901919d33bd6fc84"),
            ("Australia/Lord_Howe", "0 3 * * *", 730, "11f05326fff0d6ff"),
            ("Australia/Lord_Howe", "30 2 * * *", 730, "653f2d01261b0b08"),
            ("Australia/Lord_Howe", "15 1 * * 0", 104, "7f18b760345aa381"),
            ("America/Bogota", "0 3 * * *", 730, "def6c4e1fbc0f8f5"),
            ("America/Bogota", "30 2 * * *", 730, "423e515ac185af39"),
            ("America/Bogota", "45 23 28-31 * *", 82, "5befd724378b069f"),
        ] {
            let schedule = Schedule::new(expression, Some(zone), None).unwrap();
            let times =
                std::iter::successors(Some(start), |time: &Timestamp| schedule.next_after(*time).ok());
            let times: Vec<_> = times
                .skip(1)
                .take_while(|time| *time < end)
                .map(|time| time.as_second().to_string())
                .collect();
            let hash: String =
                Sha256::digest(times.join("\n")).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!((times.len(), &hash[..16]), (count, digest), "{expression} in {zone}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        assert!(Schedule::new("every day", None, None).is_err());
        assert!(Schedule::new("0 25 * * *", None, None).is_err());
        assert!(Schedule::new(", * * * *", None, None).is_err());
        assert!(Schedule::new("0 3 * * *", Some("Mars/Olympus"), None).is_err());
    }
}
